//! A policy that is ready to run, one run of it, and its inspection without a run.

use std::io::ErrorKind;
use std::path::Path;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

use super::limits::{self, Failure, Limit, Limiter};
use super::{Compiler, bundled, checks, contradictions, profile};
use crate::contract::environments::{Build, Target};
use crate::contract::fields::digest_of;
use crate::contract::labels::{Labels, Message};
use crate::contract::promotion::{Decision, Event, Release};
use crate::contract::types::{LoadTestAction, Settings, Timestamp};
use crate::contract::{Answer, Instance, PolicyIndices};
use crate::limits::{COMPONENT, file};

/// How many sandboxes a policy is loaded for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// One or a few: memory is taken when a sandbox needs it.
    Once,
    /// Many: memory is taken at the start and cleaned between sandboxes, which costs a tenth of a
    /// millisecond once and makes each sandbox three times as fast.
    Often,
}

/// A component that is a policy, and is ready to run.
pub struct Policy {
    engine: Engine,
    pre: InstancePre<Limiter>,
    exports: PolicyIndices,
    component: Component,
    is_bundled: bool,
}

/// One fresh instance of a policy. It keeps its memory between calls, so one decision takes a new one.
pub struct Sandbox {
    store: Store<Limiter>,
    instance: Instance,
}

impl Policy {
    /// Loads the policy that the binary carries.
    ///
    /// # Errors
    ///
    /// Only if this build is broken, or the system refuses memory or a thread.
    pub fn bundled(how_often: Use) -> Result<Self, Failure> {
        let mut config = profile::config();
        bundled::allow(&mut config);
        let engine = engine(how_often, &config)?;
        let component = bundled::load(&engine).map_err(unfit)?;
        let policy = Self::new(engine, component)?;
        // A build can embed another component.
        Ok(Self {
            is_bundled: !cfg!(policy_given),
            ..policy
        })
    }

    /// Loads a component from a file, and compiles it in a child process.
    ///
    /// # Errors
    ///
    /// [`Failure::Unreadable`] for the file, [`Failure::Limit`] for its size and its compilation, and
    /// [`Failure::Unfit`] for what it is.
    pub fn from_file(path: &Path, compiler: &Compiler) -> Result<Self, Failure> {
        Self::from_bytes(&read(path)?, compiler)
    }

    /// Loads a component from memory, as [`Self::from_file`] does from a file.
    ///
    /// # Errors
    ///
    /// As for a file.
    pub fn from_bytes(bytes: &[u8], compiler: &Compiler) -> Result<Self, Failure> {
        // No pool: the limiter bounds the memory of each sandbox.
        let engine = engine(Use::Once, &profile::config())?;
        let component = compiler.compile(&engine, bytes)?;
        Self::new(engine, component)
    }

    fn new(engine: Engine, component: Component) -> Result<Self, Failure> {
        let ty = component.component_type();
        let imports: Vec<_> = ty
            .imports(&engine)
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        if !imports.is_empty() {
            return Err(Failure::Unfit(format!(
                "a policy must not import anything, but it imports {}",
                imports.join(", ")
            )));
        }
        if let Some(theirs) = other_version(ty.exports(&engine).map(|(name, _)| name)) {
            return Err(Failure::Version(theirs));
        }
        let pre = Linker::new(&engine)
            .instantiate_pre(&component)
            .map_err(unfit)?;
        let exports = PolicyIndices::new(&pre).map_err(unfit)?;
        limits::start_clock(&engine).map_err(|error| Failure::Host(error.to_string()))?;
        Ok(Self {
            engine,
            pre,
            exports,
            component,
            is_bundled: false,
        })
    }

    /// Whether this is the policy of this repository, as [`Self::bundled`] loads it.
    pub fn is_bundled(&self) -> bool {
        self.is_bundled
    }

    /// Makes a fresh instance.
    ///
    /// # Errors
    ///
    /// If the component exceeds a limit or traps while it is instantiated.
    pub fn sandbox(&self) -> Result<Sandbox, Failure> {
        let mut store = Store::new(&self.engine, Limiter::default());
        store.limiter(|limiter| limiter);
        store.set_hostcall_fuel(profile::HOSTCALL_FUEL);
        allow(&mut store)?;
        let instance = self
            .pre
            .instantiate(&mut store)
            .map_err(Failure::from_call)?;
        // This compares the types of the functions with the contract.
        let instance = self.exports.load(&mut store, &instance).map_err(unfit)?;
        Ok(Sandbox { store, instance })
    }

    /// Reads the labels of a message, in a fresh sandbox.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy gave no valid answer.
    pub fn parse(
        &self,
        message: &Message,
        default: LoadTestAction,
    ) -> Result<Answer<Labels>, Failure> {
        self.sandbox()?.parse(message, default)
    }

    /// Names the tags of a build, in a fresh sandbox.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy gave no valid answer.
    pub fn tags(&self, build: &Build, settings: &Settings) -> Result<Answer<Vec<String>>, Failure> {
        self.sandbox()?.tags(build, settings)
    }

    /// Resolves a tag, in a fresh sandbox.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy gave no valid answer.
    pub fn resolve(&self, tag: &str, settings: &Settings) -> Result<Answer<Target>, Failure> {
        self.sandbox()?.resolve(tag, settings)
    }

    /// Decides about a release, in a fresh sandbox.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy gave no valid decision.
    pub fn decide(
        &self,
        release: &Release,
        history: &[Event],
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Decision, Failure> {
        self.sandbox()?.decide(release, history, now, settings)
    }
}

impl Sandbox {
    /// Reads the labels of a message.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy gave no valid answer.
    pub fn parse(
        &mut self,
        message: &Message,
        default: LoadTestAction,
    ) -> Result<Answer<Labels>, Failure> {
        allow(&mut self.store)?;
        let answer = self
            .instance
            .greenlight_policy_labels()
            .call_parse(&mut self.store, message, default)
            .map_err(Failure::from_call)?;
        checks::labels(&answer, message)?;
        Ok(answer)
    }

    /// Names the tags of a build.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy gave no valid answer.
    pub fn tags(
        &mut self,
        build: &Build,
        settings: &Settings,
    ) -> Result<Answer<Vec<String>>, Failure> {
        allow(&mut self.store)?;
        let answer = self
            .instance
            .greenlight_policy_environments()
            .call_tags(&mut self.store, build, settings)
            .map_err(Failure::from_call)?;
        checks::tags(&answer, build)?;
        Ok(answer)
    }

    /// Resolves a tag.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy gave no valid answer.
    pub fn resolve(&mut self, tag: &str, settings: &Settings) -> Result<Answer<Target>, Failure> {
        allow(&mut self.store)?;
        let answer = self
            .instance
            .greenlight_policy_environments()
            .call_resolve(&mut self.store, tag, settings)
            .map_err(Failure::from_call)?;
        checks::target(&answer, tag, settings)?;
        Ok(answer)
    }

    /// Decides about a release.
    ///
    /// # Errors
    ///
    /// [`Failure`] if the policy gave no valid decision.
    pub fn decide(
        &mut self,
        release: &Release,
        history: &[Event],
        now: Timestamp,
        settings: &Settings,
    ) -> Result<Decision, Failure> {
        allow(&mut self.store)?;
        let decision = self
            .instance
            .greenlight_policy_promotion()
            .call_decide(&mut self.store, release, history, now, settings)
            .map_err(Failure::from_call)?;
        checks::decision(&decision, history, settings)?;
        contradictions::check(&decision, release, history, settings)?;
        Ok(decision)
    }
}

/// Sets the fuel and the deadline of one call.
fn allow(store: &mut Store<Limiter>) -> Result<(), Failure> {
    store.set_fuel(profile::FUEL).map_err(Failure::from_call)?;
    store.set_epoch_deadline(limits::deadline());
    Ok(())
}

fn engine(how_often: Use, config: &Config) -> Result<Engine, Failure> {
    if how_often == Use::Often {
        let mut pooled = config.clone();
        pool(&mut pooled);
        // If the system refuses the address space of a pool, each sandbox takes its own memory.
        if let Ok(engine) = Engine::new(&pooled) {
            return Ok(engine);
        }
    }
    Engine::new(config).map_err(|error| Failure::Host(format!("{error:#}")))
}

/// Reserves memory for a few sandboxes at a time.
fn pool(config: &mut Config) {
    const SANDBOXES: u32 = 4;
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(SANDBOXES)
        .total_core_instances(SANDBOXES * limits::INSTANCES)
        .max_core_instances_per_component(limits::INSTANCES)
        .total_memories(SANDBOXES * limits::MEMORIES)
        .max_memories_per_component(limits::MEMORIES)
        .max_memories_per_module(limits::MEMORIES)
        .max_memory_size(profile::MEMORY_LIMIT)
        .total_tables(SANDBOXES * limits::TABLES)
        .max_tables_per_component(limits::TABLES)
        .max_tables_per_module(limits::TABLES)
        .table_elements(limits::TABLE_ELEMENTS)
        // Memory up to this size is zeroed in place; the rest is returned to the system.
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` passes the error by value"
)]
fn unfit(error: wasmtime::Error) -> Failure {
    Failure::Unfit(format!("{error:#}"))
}

/// Reads a component file, up to the limit of its size.
///
/// # Errors
///
/// [`Failure::Unreadable`] and [`Failure::Limit`].
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    file::read(path, &COMPONENT).map_err(|error| match error.kind() {
        ErrorKind::FileTooLarge => Failure::Limit(
            Limit::FileSize,
            format!("the component file is larger than {}", COMPONENT.size()),
        ),
        _ => Failure::Unreadable(format!("`{}`: {error}", path.display())),
    })
}

/// The properties of a component that need no run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// `sha256:` and 64 hexadecimal digits, of the component file.
    pub digest: String,
    /// Size of the component file in bytes.
    pub size: usize,
    /// Names of what it imports; empty for every policy.
    pub imports: Vec<String>,
    /// Names of the interfaces it exports, and of their functions as `interface#function`.
    pub exports: Vec<String>,
}

/// Inspects a policy and the bytes of its file.
pub fn inspect(policy: &Policy, bytes: &[u8]) -> Inspection {
    let engine = &policy.engine;
    let ty = policy.component.component_type();
    let imports = ty
        .imports(engine)
        .map(|(name, _)| name.to_owned())
        .collect();
    let mut exports = Vec::new();
    for (interface, item) in ty.exports(engine) {
        exports.push(interface.to_owned());
        if let ComponentItem::ComponentInstance(instance) = item.ty {
            for (function, item) in instance.exports(engine) {
                if matches!(item.ty, ComponentItem::ComponentFunc(_)) {
                    exports.push(format!("{interface}#{function}"));
                }
            }
        }
    }
    Inspection {
        digest: digest_of(bytes),
        size: bytes.len(),
        imports,
        exports,
    }
}

/// The version of the contract of which a component exports interfaces, unless it is the version of this program. The
/// names are those of the exports: `greenlight:policy/labels@0.2.0`.
fn other_version<'a>(mut exports: impl Iterator<Item = &'a str>) -> Option<String> {
    let version = exports.find_map(|name| {
        let (_, version) = name.strip_prefix("greenlight:policy/")?.split_once('@')?;
        Some(version)
    })?;
    (version != limits::CONTRACT).then(|| version.to_owned())
}
