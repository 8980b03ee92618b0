//! The random choices of a test, which a variable repeats.

use fastrand::Rng;

/// Prints the seed of a test. `GREENLIGHT_SEED` repeats the choices of an earlier run.
pub fn random() -> Rng {
    let seed = number("GREENLIGHT_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("GREENLIGHT_SEED={seed}");
    Rng::with_seed(seed)
}

/// A variable with a number.
pub fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect("a number"))
}
