//! Processes of this machine, as `/proc` shows them.

use std::fs;

use rustix::process::Pid;

/// The processes whose file below `/proc`, `cmdline` or `environ`, contains all of these texts.
pub fn with(file: &str, texts: &[&str]) -> Vec<Pid> {
    let processes = fs::read_dir("/proc").expect("processes").flatten();
    let found = processes.filter_map(|it| {
        let content = fs::read(it.path().join(file)).ok()?;
        let content = String::from_utf8_lossy(&content).into_owned();
        let number = it.file_name().to_str()?.parse().ok()?;
        let is_ours = texts.iter().all(|text| content.contains(text));
        Pid::from_raw(number).filter(|_| is_ours)
    });
    found.collect()
}
