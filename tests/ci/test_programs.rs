//! `tests/e2e/install`: it runs what the tests need, and is not content with a name on `PATH`.

use crate::programs;
use crate::workspace::{Workspace, executable};

#[test]
fn a_program_that_does_not_work_is_installed_and_what_it_said_is_shown() {
    let workspace = Workspace::new("x\n");
    executable(
        &workspace.file("bin/groovy"),
        "#!/bin/sh\necho 'no Java here'\nexit 1\n",
    );
    // It would install into this machine.
    workspace.stand_in("apt-get");
    let script = format!("exec '{}'\n", programs::file("install").display());
    let ended = workspace.run(&["bash"], &script, &[]).is(1);
    ended.says("groovy: `with_java_home groovy -e print 1` failed: no Java here\n");
    if rustix::process::geteuid().is_root() {
        let calls = workspace.content("apt-get.calls");
        let install = calls.lines().last().expect("a call");
        assert!(install.starts_with("install -y "), "{calls}");
        assert!(
            install.split(' ').any(|package| package == "groovy"),
            "{calls}"
        );
    }
}
