//! `tests/e2e/install` runs each program that the tests need; a name on `PATH` is not enough.

use crate::programs;
use crate::workspace::{Workspace, executable};

#[test]
fn a_broken_program_is_installed_and_its_output_is_shown() {
    let workspace = Workspace::new("x\n");
    executable(
        &workspace.file("bin/groovy"),
        "#!/bin/sh\necho 'no Java here'\nexit 1\n",
    );
    // The real program would install packages on this machine.
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
