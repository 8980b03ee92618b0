//! Checks the number and size of functions of a foreign component before it is compiled. A small file can describe
//! functions for which a compiler needs minutes and gigabytes.

use wasmparser::{FunctionBody, Parser, Payload};

/// The largest number of functions in all modules of a component. Python's interpreter has 15,000 functions.
const FUNCTIONS: u64 = 100_000;

/// The largest number of local variables of one function.
const LOCALS: u64 = 20_000;

/// The largest number of local variables of all functions together.
const ALL_LOCALS: u64 = 2_000_000;

/// The size limit of a function, in bytes. The evaluation loop of an interpreter has several hundred thousand bytes.
const BODY: usize = 2 << 20;

/// The largest number of modules and components inside a component.
const PARTS: u64 = 1000;

/// Why a component is not compiled.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Its bytes can't be parsed as a component.
    Malformed(String),
    /// A count is above its limit.
    TooLarge(String),
}

/// The counts so far.
#[derive(Default)]
struct Count {
    functions: u64,
    locals: u64,
    parts: u64,
}

/// Checks that a component is not too large for the compiler.
///
/// # Errors
///
/// If the bytes can't be parsed as a component, or a count is above its limit.
pub(super) fn check(bytes: &[u8]) -> Result<(), Refusal> {
    let mut count = Count::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(unfit)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                count.parts += 1;
                at_most(count.parts, PARTS, "modules and components in it")?;
            }
            Payload::CodeSectionStart {
                count: functions, ..
            } => {
                count.functions += u64::from(functions);
                at_most(count.functions, FUNCTIONS, "functions")?;
            }
            Payload::CodeSectionEntry(body) => {
                let locals = locals(&body)?;
                at_most(locals, LOCALS, "local variables in one function")?;
                count.locals += locals;
                at_most(count.locals, ALL_LOCALS, "local variables")?;
                let size = body.range().len();
                if size > BODY {
                    let most = BODY >> 20;
                    return Err(limit(&format!(
                        "a function of {size} bytes, more than {most} MiB"
                    )));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The number of local variables that a function declares.
fn locals(body: &FunctionBody<'_>) -> Result<u64, Refusal> {
    let mut sum = 0;
    for group in body.get_locals_reader().map_err(unfit)? {
        let (count, _) = group.map_err(unfit)?;
        sum += u64::from(count);
        at_most(sum, LOCALS, "local variables in one function")?;
    }
    Ok(sum)
}

fn at_most(count: u64, most: u64, what: &str) -> Result<(), Refusal> {
    if count > most {
        return Err(limit(&format!("more than {most} {what}")));
    }
    Ok(())
}

fn limit(what: &str) -> Refusal {
    Refusal::TooLarge(format!("it is too large to be compiled: it has {what}"))
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` passes the error by value"
)]
fn unfit(error: wasmparser::BinaryReaderError) -> Refusal {
    Refusal::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A number in LEB128.
    fn number(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let byte = u8::try_from(value & 0x7f).expect("seven bits");
            value >>= 7;
            if value == 0 {
                bytes.push(byte);
                return bytes;
            }
            bytes.push(byte | 0x80);
        }
    }

    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        [&[id][..], &number(content.len()), content].concat()
    }

    /// A component with `modules` copies of a module that has `functions` functions with the same body.
    fn component(functions: usize, body: &[u8], modules: usize) -> Vec<u8> {
        let body = [number(body.len()), body.to_vec()].concat();
        let module = [
            b"\0asm\x01\0\0\0".to_vec(),
            section(1, b"\x01\x60\0\0"),
            section(3, &[number(functions), vec![0; functions]].concat()),
            section(10, &[number(functions), body.repeat(functions)].concat()),
        ]
        .concat();
        let modules = section(1, &module).repeat(modules);
        [b"\0asm\x0d\0\x01\0".to_vec(), modules].concat()
    }

    /// A function body with `groups` groups of `count` local variables each.
    fn with_locals(groups: usize, count: usize) -> Vec<u8> {
        let group = [number(count), vec![0x7f]].concat();
        [number(groups), group.repeat(groups), vec![0x0b]].concat()
    }

    fn said(bytes: &[u8]) -> String {
        match check(bytes) {
            Ok(()) => String::new(),
            Err(Refusal::TooLarge(why) | Refusal::Malformed(why)) => why,
        }
    }

    #[test]
    fn a_monstrous_structure_is_refused() {
        let empty = b"\0\x0b";
        let long = [&b"\0"[..], &b"\x01".repeat(BODY), b"\x0b"].concat();
        for (component, expected) in [
            (component(3, empty, 2), ""),
            (component(10, &with_locals(1, 20_000), 1), ""),
            (
                component(20_000, &with_locals(1, 50_000), 1),
                "20000 local variables in one",
            ),
            (
                component(1, &with_locals(3, 10_000), 1),
                "20000 local variables in one",
            ),
            (
                component(1, &with_locals(1, u32::MAX as usize), 1),
                "20000 local variables in one",
            ),
            (
                component(101, &with_locals(1, 19_999), 1),
                "more than 2000000 local variables",
            ),
            (component(50_001, empty, 2), "more than 100000 functions"),
            (component(1, &long, 1), "a function of 2097154 bytes"),
            (component(0, empty, 1001), "more than 1000 modules"),
        ] {
            let why = said(&component);
            assert!(
                why.contains(expected) && why.is_empty() == expected.is_empty(),
                "{why}: {expected}"
            );
        }
        let whole = component(1, empty, 1);
        assert!(
            !said(&whole[..whole.len() - 1]).is_empty(),
            "it is truncated"
        );
    }

    #[test]
    fn the_bundled_policy_is_far_from_the_limits() {
        assert_eq!(said(crate::sandbox::BUNDLED_COMPONENT), "");
    }
}
