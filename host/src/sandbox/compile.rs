//! Compiling a foreign component: in a child process, with a wall clock and an address-space limit.
//!
//! The compiler is a large program that reads an untrusted file. In the child process it can neither exhaust the
//! machine's memory nor block a pipeline. The parent trusts the result, because the child runs this binary.

use std::env;
use std::io::{self, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::limits::{self, Failure, Limit};
use super::profile;
use super::structure::{self, Refusal};
use crate::child;

/// The internal command that runs this binary as the child. Help does not list it.
pub const COMMAND: &str = "__compile";

/// The first bytes of a component: the magic number, and the version and layer of components.
///
/// Source: the component model's `Binary.md`, `preamble`.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The first bytes of a core module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// The program that compiles foreign components.
#[derive(Clone, Debug)]
pub struct Compiler {
    program: PathBuf,
}

impl Compiler {
    /// Uses the running program, which must be greenlight's binary.
    ///
    /// # Errors
    ///
    /// If the system does not give the path of the running program.
    pub fn this_program() -> io::Result<Self> {
        Ok(Self::new(env::current_exe()?))
    }

    /// Uses greenlight's binary at a path, for a program that uses the library.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
        }
    }

    /// Compiles a component for an engine.
    pub(super) fn compile(&self, engine: &Engine, bytes: &[u8]) -> Result<Component, Failure> {
        if bytes.starts_with(MODULE) {
            return Err(Failure::Unfit(
                "it is a core module; encode it with `wasm-tools component new`".to_owned(),
            ));
        }
        if !bytes.starts_with(COMPONENT) {
            return Err(Failure::Unfit(
                "it is not a WebAssembly component".to_owned(),
            ));
        }
        structure::check(bytes).map_err(|refusal| match refusal {
            Refusal::Malformed(why) => Failure::Unfit(why),
            Refusal::TooLarge(why) => Failure::Limit(Limit::Compilation, why),
        })?;
        let compiled = self.in_a_child(bytes)?;
        deserialize(engine, &compiled)
            .map_err(|error| Failure::Unfit(format!("it does not load: {error:#}")))
    }

    fn in_a_child(&self, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
        let failed =
            |error: io::Error| Failure::Host(format!("failed to start the compiler: {error}"));
        let mut child = Command::new(&self.program)
            .arg(COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(mut input), Some(mut output), Some(errors)) = pipes else {
            return Err(failed(io::Error::other("it has no pipes")));
        };
        let said = child::listen(errors);
        let (done, compiled) = mpsc::channel();
        thread::scope(|scope| {
            // A child that ends early breaks the pipe; its exit status says why.
            scope.spawn(move || input.write_all(bytes));
            scope.spawn(move || {
                let mut code = Vec::new();
                let read = output.read_to_end(&mut code);
                let _ = done.send(read.map(|_| code));
            });
            let result = compiled.recv_timeout(limits::COMPILE_TIME);
            if result.is_err() {
                let _ = child.kill();
            }
            let status = child.wait().map_err(failed)?;
            let Ok(read) = result else {
                return Err(Failure::Limit(
                    Limit::Compilation,
                    format!(
                        "compiling it took more than {} s",
                        limits::COMPILE_TIME.as_secs()
                    ),
                ));
            };
            let code = read.map_err(failed)?;
            match status.code() {
                Some(0) => Ok(code),
                Some(code) if code == i32::from(REFUSED) => {
                    Err(Failure::Unfit(child::said(said).trim_end().to_owned()))
                }
                // A failed allocation ends the child with a signal.
                _ => Err(Failure::Limit(
                    Limit::Compilation,
                    format!(
                        "compiling it took more than {} MiB of memory or crashed the compiler",
                        limits::COMPILE_MEMORY >> 20
                    ),
                )),
            }
        })
    }
}

/// The exit status of the child if the compiler refused the component and printed the reason.
const REFUSED: u8 = 3;

/// Runs as the child: reads a component from standard input and writes its code to standard output.
pub fn run_as_child() -> ExitCode {
    if limit(Resource::As, limits::COMPILE_MEMORY).is_err() || limit(Resource::Core, 0).is_err() {
        return ExitCode::FAILURE;
    }
    let mut bytes = Vec::new();
    if io::stdin().read_to_end(&mut bytes).is_err() {
        return ExitCode::FAILURE;
    }
    let compiled =
        Engine::new(&profile::config()).and_then(|engine| engine.precompile_component(&bytes));
    match compiled {
        Ok(code) => match io::stdout().write_all(&code) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(error) => {
            // Only the parent reads this, and shows it.
            eprintln!("{error:#}");
            ExitCode::from(REFUSED)
        }
    }
}

/// Lowers a limit of this process. A lower limit stays, because only root could raise it.
fn limit(resource: Resource, bytes: u64) -> io::Result<()> {
    let allowed = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let bytes = Some(bytes.min(allowed));
    setrlimit(
        resource,
        Rlimit {
            current: bytes,
            maximum: bytes,
        },
    )?;
    Ok(())
}

#[expect(
    unsafe_code,
    reason = "deserializing trusts its input to be code that the engine compiled"
)]
fn deserialize(engine: &Engine, compiled: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes came through a pipe from a child that runs this binary's own compiler; no other
    // process can write into it, and the bytes were never in a file.
    unsafe { Component::deserialize(engine, compiled) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sandbox::BUNDLED_COMPONENT;

    proptest! {
        /// The compiler of this test does not exist, so each attempt to start it fails.
        #[test]
        fn a_component_that_the_structure_check_refuses_is_not_compiled(
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
            end in any::<prop::sample::Index>(),
            is_cut in any::<bool>(),
        ) {
            let mut bytes = BUNDLED_COMPONENT.to_vec();
            if is_cut {
                bytes.truncate(end.index(bytes.len()));
            }
            for (place, byte) in changes {
                if !bytes.is_empty() {
                    let place = place.index(bytes.len());
                    bytes[place] = byte;
                }
            }
            let engine = Engine::new(&profile::config()).expect("an engine");
            let compiler = Compiler::new("/no/such/compiler");
            let Err(failure) = compiler.compile(&engine, &bytes) else {
                panic!("the compiler does not exist");
            };
            let is_fit = bytes.starts_with(COMPONENT) && structure::check(&bytes).is_ok();
            let is_started = matches!(&failure, Failure::Host(why) if why.contains("start the compiler"));
            prop_assert_eq!(is_started, is_fit, "{}", failure);
        }
    }
}
