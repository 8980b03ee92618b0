//! The sandbox's engine settings and limits, in one place because two programs need them.
//!
//! The build script compiles the bundled policy ahead of time and the host loads it; an engine
//! refuses code that was compiled under other settings. Only what is compiled into the code or
//! bounds it belongs here, and nothing may depend on the environment.

use std::time::Duration;

use wasmtime::{Config, OptLevel, WasmBacktraceDetails};

/// The linear memory of a policy, in bytes, over all its memories.
pub const MEMORY_LIMIT: usize = 32 << 20;

/// The native stack WebAssembly code may use, in bytes.
pub const WASM_STACK: usize = 256 << 10;

/// The fuel of one call, in units of about one WebAssembly instruction.
///
/// The bundled policy needs some thousands, and most of the limit for a hostile message of a mebibyte.
pub const FUEL: u64 = 2_000_000_000;

/// The processor time of one call: the backstop where fuel counts too little, in calls from the code into the
/// engine.
pub const DEADLINE: Duration = Duration::from_secs(5);

/// How often the deadline is checked.
pub const TICK: Duration = Duration::from_millis(100);

/// The size of the values that one call may return to the host, in bytes.
pub const HOSTCALL_FUEL: usize = 256 << 10;

/// Returns the engine settings that the policy is compiled and run under.
///
/// The build script adds the target, which also drops every processor feature that is not part of
/// the target's baseline.
pub fn config() -> Config {
    let mut config = Config::new();
    features(&mut config);
    limits(&mut config);
    memory(&mut config);
    code(&mut config);
    config
}

/// Disables features that differ between processors, and features that no policy needs.
fn features(config: &mut Config) {
    config
        .wasm_component_model(true)
        .wasm_relaxed_simd(false)
        .wasm_gc(false)
        .wasm_memory64(false)
        .wasm_shared_everything_threads(false)
        .wasm_stack_switching(false)
        .wasm_wide_arithmetic(false)
        .wasm_custom_page_sizes(false)
        .shared_memory(false)
        // A NaN's bits are the one thing in which plain WebAssembly may differ between processors.
        .cranelift_nan_canonicalization(true);
}

fn limits(config: &mut Config) {
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK);
}

/// Makes a sandbox cheap to set up: it lives for one call.
fn memory(config: &mut Config) {
    config
        // Copying costs fuel and mapping does not, so that fuel would depend on the platform.
        .memory_init_cow(false)
        // No memory may outgrow the limit, so it never needs to move, and the code can rely on that.
        .memory_reservation(MEMORY_LIMIT as u64)
        .memory_reservation_for_growth(0)
        .memory_may_move(false)
        // One page of the largest size that Linux has; bounds are checked explicitly.
        .memory_guard_size(64 << 10)
        .guard_before_linear_memory(false);
}

/// Keeps only the data that a run needs: a trap is reported by its kind, without a backtrace.
fn code(config: &mut Config) {
    config
        .cranelift_opt_level(OptLevel::Speed)
        .debug_info(false)
        .generate_address_map(false)
        .wasm_backtrace_max_frames(None)
        // The default asks an environment variable, which may differ between build and run.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable)
        // Windows requires it.
        .native_unwind_info(cfg!(windows));
}
