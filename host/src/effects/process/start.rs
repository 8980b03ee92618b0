//! The beginning of a command, and what may be in its way.

use std::io::{self, ErrorKind, PipeReader};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;

use super::Task;

/// Starts a command in a process group of its own. What it says comes out of the pipe.
///
/// The outer error is ours, the inner one says why the command did not start, and what to do.
pub fn start(task: &Task<'_>) -> io::Result<Result<(Child, PipeReader), String>> {
    let Some((program, arguments)) = task.command.split_first() else {
        return Ok(Err("the command is empty: name a program".to_owned()));
    };
    let (reader, writer) = io::pipe()?;
    let mut command = Command::new(program);
    for variable in task.without {
        command.env_remove(variable);
    }
    let child = command
        .args(arguments)
        .envs(task.variables.iter().map(|(name, value)| (name, value)))
        .current_dir(task.folder)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .spawn();
    // It keeps its ends of the pipe open, which would hide that the child has closed its own.
    drop(command);
    Ok(match child {
        Ok(child) => Ok((child, reader)),
        Err(error) => Err(obstacle(program, task.folder, &error)),
    })
}

fn obstacle(program: &str, folder: &Path, error: &io::Error) -> String {
    let shown = folder.display();
    match error.kind() {
        _ if !folder.is_dir() => {
            format!(
                "the working folder `{shown}` of `{program}` does not exist: create it or name another folder"
            )
        }
        ErrorKind::NotFound if !program.contains('/') => {
            format!(
                "the program `{program}` is not in `PATH`: install it, or name it with its path"
            )
        }
        ErrorKind::NotFound if folder.join(program).exists() => {
            format!(
                "the interpreter or loader of `{program}` is missing: correct its first line, or install it"
            )
        }
        ErrorKind::NotFound if program.starts_with('/') => {
            format!("the program `{program}` does not exist: correct its path")
        }
        ErrorKind::NotFound => {
            format!(
                "the program `{program}` does not exist: correct its path, which starts at `{shown}`"
            )
        }
        ErrorKind::PermissionDenied => {
            format!("`{program}` is not executable: run `chmod +x` on it or name another program")
        }
        _ if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => {
            format!(
                "`{program}` is not an executable format: a script needs a first line such as `#!/bin/sh`"
            )
        }
        _ => format!("the program `{program}` could not be started: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    fn start_in(folder: &Path, command: &[&str]) -> Result<Child, String> {
        let command: Vec<_> = command.iter().map(|&word| word.to_owned()).collect();
        let started = start(&Task {
            command: &command,
            variables: &[],
            without: &[],
            folder,
            log: Path::new("none"),
            time_limit: Duration::MAX,
        });
        let started = started.expect("a pipe").map(|(child, _)| child);
        started.map_err(|why| why.replace(&folder.display().to_string(), "FOLDER"))
    }

    /// Writes an executable file, in a process of its own: a file that another test's child inherits
    /// while it is written can't be executed.
    fn script(path: &Path, text: &str) {
        let written = Command::new("/bin/sh")
            .args(["-c", r#"printf %s "$2" >"$1" && chmod +x "$1""#, "sh"])
            .arg(path)
            .arg(text)
            .status();
        assert!(written.expect("a shell").success());
    }

    #[test]
    fn what_is_missing_is_named() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path();
        for (command, why) in [
            (&[][..], "the command is empty: name a program"),
            (
                &["greenlight-none"],
                "the program `greenlight-none` is not in `PATH`: install it, or name it with its path",
            ),
            (
                &["./none"],
                "the program `./none` does not exist: correct its path, which starts at `FOLDER`",
            ),
            (
                &["/none/none"],
                "the program `/none/none` does not exist: correct its path",
            ),
        ] {
            assert_eq!(start_in(folder, command).expect_err("nothing"), why);
        }
        assert_eq!(
            start_in(&folder.join("none"), &["/bin/sh"]).expect_err("nothing"),
            "the working folder `FOLDER` of `/bin/sh` does not exist: create it or name another folder"
        );
        let why = start_in(folder, &["a\0b"]).expect_err("nothing");
        assert!(why.contains("could not be started"), "{why}");
    }

    #[test]
    fn what_can_not_be_executed_is_named() {
        let temporary = tempfile::tempdir().expect("a folder");
        let folder = temporary.path();
        let file = folder.join("file");
        fs::write(&file, "#!/bin/sh\n").expect("a file");
        assert_eq!(
            start_in(folder, &["./file"]).expect_err("nothing"),
            "`./file` is not executable: run `chmod +x` on it or name another program"
        );
        script(&file, "#!/bin/sh\nexit 3\n");
        let mut child = start_in(folder, &["./file"]).expect("a child");
        assert_eq!(child.wait().expect("a child").code(), Some(3));
        script(&file, "#!/no/such/shell\n");
        assert_eq!(
            start_in(folder, &["./file"]).expect_err("nothing"),
            "the interpreter or loader of `./file` is missing: correct its first line, or install it"
        );
        script(&file, "exit 3\n");
        // Some C libraries run it with a shell, as `execvp` has to.
        match start_in(folder, &["./file"]) {
            Ok(mut child) => assert_eq!(child.wait().expect("a child").code(), Some(3)),
            Err(why) => assert!(why.starts_with("`./file` is no program"), "{why}"),
        }
    }
}
