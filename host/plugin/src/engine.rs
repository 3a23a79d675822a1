//! The sandbox: compiles a plugin, gives it an instance, holds it to its limits.
//!
//! This is the only module, with `contract::v0_1`, that knows wasmtime.
//! Its decisions:
//!
//! - **No imports.** Plugins are instantiated against an empty linker, so there
//!   is nothing to escape to.
//! - **Pooled instances.** Memory slots of 4 GiB with guard pages cost address
//!   space, not memory, and let the compiled code do without bounds checks
//!   (15–20% faster). A fresh instance is copy-on-write over the plugin's image
//!   and costs some microseconds, so that one crawl or one batch has its own.
//! - **Epochs for time.** A ticker thread advances the clock by which calls are
//!   stopped; it sleeps while nothing runs. Time is wall time: what a loaded
//!   machine gives a call is less than its limit, never more.
//! - **Fuel where the answer must not depend on the machine.** The laws run in
//!   a metered sandbox: each instruction counts, and a call's time limit is a
//!   number of them. It costs about a third of the speed, so a daemon has none.
//! - **Memory by a limiter, results by hostcall fuel.** The first bounds what a
//!   plugin holds, the second what the host copies out of it.
//! - **A trap is the end of the instance.** The store is thrown away with it,
//!   and the next call starts afresh.
//! - **Compiled code is kept, and trusted only with its seal.** Loading
//!   compiled code is running it, so an entry must carry the HMAC of the host's
//!   own key; any other is compiled anew and replaced.
//!
//! A component without imports has no way to say why it panicked. The adapter
//! that `build` links spells what is written to stderr in requests for memory
//! that are always refused ([`SPOKEN_PAGES`]); the limiter here listens.

mod cache;
mod plugin;
mod snapshot;
mod ticker;

pub use cache::CompiledCache;
pub(crate) use plugin::Plugin;
pub use plugin::{CallError, Called};
pub use snapshot::SnapshotError;
pub(crate) use snapshot::initialised;

use crate::artifact::{Artifact, ArtifactError};
use crate::manifest::Wishes;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;
use ticker::Ticker;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, Instance, InstancePre, Lift, Linker, Lower,
};
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, ResourceLimiter, Store,
};

/// One WebAssembly page, in bytes.
const PAGE: usize = 65_536;

/// A request for this many pages plus a byte's value, which no memory of 4 GiB
/// can hold, is that byte of what the guest writes to stderr. The adapter
/// (`adapter.wat`) speaks so; the limiter refuses and remembers.
pub const SPOKEN_PAGES: usize = 0xff00;

/// How much of what a guest wrote last is kept for the message of its trap.
const SPOKEN_KEPT: usize = 1024;

/// How often the epoch advances: the grain of time limits.
const TICK: Duration = Duration::from_millis(10);

/// Instructions that a metered sandbox counts as a millisecond: a slow machine's.
const FUEL_PER_MS: u64 = 1_000_000;

/// How many times its limit a metered call may take by the clock: fuel stops it
/// long before, unless the machine is very busy.
const PATIENCE: u32 = 30;

/// Bytes of linear memory that a slot keeps between instances.
const KEPT: usize = 512 << 10;

/// Bytes of a table that a slot keeps: a Rust guest's functions that are called through one are some hundred.
const KEPT_TABLE: usize = 16 << 10;

/// What one call may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of linear memory.
    pub memory: usize,
    /// Time of one call.
    pub time: Duration,
    /// Bytes that the host copies out of one result.
    pub result: usize,
    /// Posts of one page, labels of one post.
    pub posts: usize,
    /// Elements of all tables.
    pub table: usize,
}

/// How the sandbox is set up. The default suits a daemon on a small machine.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// What a plugin gets when its manifest asks for nothing.
    pub usual: Limits,
    /// The most that a plugin gets, whatever its manifest asks for.
    pub ceiling: Limits,
    /// Instances that may live at once; more callers wait.
    pub instances: u32,
    /// Where compiled code is kept; without it every load compiles.
    pub cache: Option<CompiledCache>,
    /// Counts instructions, and limits them in place of time: what a call comes
    /// to is then the same on every machine.
    pub metered: bool,
}

/// The sandbox that all plugins of a process share. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    wasm: wasmtime::Engine,
    linker: Linker<Ward>,
    config: EngineConfig,
    ticker: Ticker,
    slots: Slots,
}

/// Why the sandbox cannot start; the operator must act.
#[derive(Debug, thiserror::Error)]
#[error(
    "the sandbox cannot start, allow the process more address space (`ulimit -v unlimited`) or run on a 64-bit machine: {0}"
)]
pub struct EngineError(String);

/// Why a plugin cannot be loaded, and who must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The file is not a plugin.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// A classifier where a source is wanted, or the reverse.
    #[error("not a {wanted}, choose another plugin: {id} is a {found}")]
    Kind {
        /// The plugin.
        id: String,
        /// What the caller asked for.
        wanted: crate::artifact::PluginKind,
        /// What it is.
        found: crate::artifact::PluginKind,
    },
    /// The component is invalid or too large for the sandbox: its author must act.
    #[error("cannot be compiled, its author must rebuild it: {0}")]
    Compile(String),
    /// Its functions do not have the contract's types: its author must act.
    #[error("does not fit the contract it names, its author must rebuild it: {0}")]
    Shape(String),
    /// It trapped or ran out of its limits before the first call.
    #[error("cannot start, its author must act: {0}")]
    Start(#[from] Trap),
}

/// Why a call ended without an answer. The instance is gone; the next call
/// starts with a fresh one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trap {
    /// It ran longer than its limit.
    #[error("stopped after {} ms: an endless loop, or too much for one call", .0.as_millis())]
    Timeout(Duration),
    /// It asked for more memory than its limit and did not survive the refusal.
    #[error("out of memory: limit {} MiB", .0 >> 20)]
    Memory(usize),
    /// It wanted more elements in its tables than its limit and did not survive the refusal.
    #[error("too many table elements: limit {0}")]
    Table(usize),
    /// Its calls nested too deeply.
    #[error("stack overflow")]
    Stack,
    /// Its result holds more bytes or more items than the host takes.
    #[error("result too large: {0}")]
    TooLarge(String),
    /// Its result is not what the contract says: a list that lies about its
    /// length, text that is not Unicode, a label that it never declared.
    #[error("breaks the contract: {0}")]
    Contract(String),
    /// It panicked or executed an invalid instruction.
    #[error("trapped: {0}")]
    Other(String),
}

/// What a call used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// Time from the call to its answer, an instance included.
    pub wall: Duration,
    /// Bytes of linear memory that the instance has held at most.
    pub memory: usize,
    /// Instructions of the call, in a metered sandbox.
    pub fuel: Option<u64>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            usual: Limits {
                memory: 64 << 20,
                time: Duration::from_secs(2),
                result: 8 << 20,
                posts: 10_000,
                table: 20_000,
            },
            ceiling: Limits {
                memory: 256 << 20,
                time: Duration::from_secs(10),
                result: 8 << 20,
                posts: 10_000,
                table: 100_000,
            },
            instances: 64,
            cache: None,
            metered: false,
        }
    }
}

impl Limits {
    /// What a manifest asks for, no more than the ceiling allows.
    fn of(wishes: &Wishes, config: &EngineConfig) -> Self {
        let (usual, ceiling) = (&config.usual, &config.ceiling);
        let memory = wishes.memory_mib.map_or(usual.memory, |mib| mib as usize * (1 << 20));
        let time = wishes.time_ms.map_or(usual.time, |ms| Duration::from_millis(u64::from(ms)));
        Self {
            memory: memory.min(ceiling.memory),
            time: time.min(ceiling.time),
            result: usual.result.min(ceiling.result),
            posts: wishes.posts.map_or(usual.posts, |posts| posts as usize).min(ceiling.posts),
            table: usual.table.min(ceiling.table),
        }
    }
}

impl Engine {
    /// Reserves the address space of all instances and starts the ticker.
    ///
    /// # Errors
    /// If the machine does not give the address space or lacks what compiled
    /// code needs.
    pub fn new(config: EngineConfig) -> Result<Self, EngineError> {
        let wasm = wasmtime::Engine::new(&settings(&config)).map_err(|error| EngineError(format!("{error:#}")))?;
        let ticker = Ticker::start(wasm.clone(), TICK).map_err(|error| EngineError(error.to_string()))?;
        Ok(Self {
            shared: Arc::new(Shared {
                linker: Linker::new(&wasm),
                wasm,
                ticker,
                slots: Slots::new(config.instances),
                config,
            }),
        })
    }

    /// Compiles a plugin or takes its code from the cache, and holds its
    /// limits ready.
    fn compile(&self, artifact: &Artifact) -> Result<Compiled, LoadError> {
        let component = self.component(artifact)?;
        let pre =
            self.shared.linker.instantiate_pre(&component).map_err(|error| LoadError::Compile(format!("{error:#}")))?;
        let limits = Limits::of(&artifact.manifest().limits, &self.shared.config);
        Ok(Compiled { engine: self.clone(), pre, limits })
    }

    fn component(&self, artifact: &Artifact) -> Result<Component, LoadError> {
        let cache = self.shared.config.cache.as_ref();
        if let Some(kept) = cache.and_then(|cache| cache.load(&self.shared.wasm, artifact.digest())) {
            return Ok(kept);
        }
        let component = Component::from_binary(&self.shared.wasm, artifact.bytes())
            .map_err(|error| LoadError::Compile(format!("{error:#}")))?;
        if let (Some(cache), Ok(code)) = (cache, component.serialize()) {
            cache.keep(&self.shared.wasm, artifact.digest(), &code);
        }
        Ok(component)
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// wasmtime, set up as the module says.
fn settings(config: &EngineConfig) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(config.instances)
        // A Rust guest is one core instance; Python needs some forty.
        .total_core_instances(config.instances.saturating_mul(64))
        // One is the guest's. JavaScript brings two that stay empty: its loader's, and that of the traps in WASI's place.
        .total_memories(config.instances.saturating_mul(3))
        .max_memories_per_component(3)
        .total_tables(config.instances.saturating_mul(4))
        .max_tables_per_component(4)
        .table_elements(config.ceiling.table)
        .max_memory_size(config.ceiling.memory)
        // A warm slot keeps its plugin's mappings and the first of its pages, so that the next call does not ask
        // the system for them again: a tenth of a short call. Which of them were written, and must be wiped, the
        // system says where it can.
        .max_unused_warm_slots(config.instances)
        .linear_memory_keep_resident(KEPT)
        .table_keep_resident(KEPT_TABLE)
        .pagemap_scan(Enabled::Auto);
    let mut settings = Config::new();
    settings
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_reservation(4 << 30)
        .memory_guard_size(32 << 20)
        .epoch_interruption(true)
        .consume_fuel(config.metered)
        .cranelift_opt_level(OptLevel::Speed)
        .wasm_backtrace_max_frames(None)
        .wasm_relaxed_simd(false);
    settings
}

/// A plugin ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Compiled {
    engine: Engine,
    pre: InstancePre<Ward>,
    limits: Limits,
}

impl Compiled {
    /// The index of a function of an exported interface, looked up once.
    pub(crate) fn export(&self, interface: &str, function: &str) -> Result<ComponentExportIndex, LoadError> {
        let component = self.pre.component();
        component
            .get_export_index(None, interface)
            .and_then(|outer| component.get_export_index(Some(&outer), function))
            .ok_or_else(|| LoadError::Shape(format!("no function {function} in {interface}")))
    }

    /// Checks once, on an instance that is then dropped, that a function has
    /// the types of the contract.
    pub(crate) fn probe<P, R>(&self, function: &ComponentExportIndex) -> Result<(), LoadError>
    where
        P: ComponentNamedList + Lower,
        R: ComponentNamedList + Lift,
    {
        let mut live = self.spawn()?;
        let typed = live.instance.get_typed_func::<P, R>(&mut live.store, function);
        typed.map(drop).map_err(|error| LoadError::Shape(format!("{error:#}")))
    }

    /// A fresh instance; waits while all slots are taken.
    fn spawn(&self) -> Result<Live, Trap> {
        let shared = &self.engine.shared;
        let slot = Slot::take(&self.engine);
        let mut store = Store::new(&shared.wasm, Ward::new(self.limits));
        store.limiter(|ward| ward);
        store.set_hostcall_fuel(self.limits.result);
        self.limit_time(&mut store);
        let _running = shared.ticker.running();
        match self.pre.instantiate(&mut store) {
            Ok(instance) => Ok(Live { store, instance, fuel: None, _slot: slot }),
            Err(error) => Err(store.data().explain(&error)),
        }
    }

    /// Gives an instance the time of one call from now on.
    fn limit_time(&self, store: &mut Store<Ward>) {
        let metered = self.engine.shared.config.metered;
        store.set_epoch_deadline(ticks(if metered { self.limits.time * PATIENCE } else { self.limits.time }));
        if metered {
            // Fails only where fuel is not counted.
            let _ = store.set_fuel(self.fuel());
        }
    }

    /// The instructions of one call, in a metered sandbox.
    fn fuel(&self) -> u64 {
        u64::try_from(self.limits.time.as_millis()).unwrap_or(u64::MAX).saturating_mul(FUEL_PER_MS)
    }

    /// What one call may use.
    fn limits(&self) -> &Limits {
        &self.limits
    }

    fn crowded(&self) -> bool {
        self.engine.shared.slots.crowded()
    }
}

/// An instance. After a trap it must be dropped.
pub(crate) struct Live {
    store: Store<Ward>,
    instance: Instance,
    fuel: Option<u64>,
    _slot: Slot,
}

impl Live {
    /// Calls a function that [`Compiled::probe`] has checked.
    pub(crate) fn call<P, R>(&mut self, engine: &Compiled, function: &ComponentExportIndex, given: P) -> Result<R, Trap>
    where
        P: ComponentNamedList + Lower,
        R: Lift + 'static,
    {
        let typed = self
            .instance
            .get_typed_func::<P, (R,)>(&mut self.store, function)
            .map_err(|error| Trap::Contract(format!("{error:#}")))?;
        engine.limit_time(&mut self.store);
        let _running = engine.engine.shared.ticker.running();
        let outcome = typed.call(&mut self.store, given);
        self.fuel = self.store.get_fuel().ok().map(|left| engine.fuel().saturating_sub(left));
        match outcome {
            Ok((answer,)) => Ok(answer),
            Err(error) => Err(self.store.data().explain(&error)),
        }
    }

    /// The most linear memory that the instance has held, in bytes.
    fn memory(&self) -> usize {
        self.store.data().memory
    }
}

fn ticks(time: Duration) -> u64 {
    // One more, since the first tick may come at once.
    u64::try_from(time.as_nanos().div_ceil(TICK.as_nanos())).unwrap_or(u64::MAX - 1) + 1
}

/// Watches one instance: what it holds, what it was refused, what it said.
struct Ward {
    limits: Limits,
    memory: usize,
    table: usize,
    /// What the limiter last said no to.
    refused: Option<Trap>,
    spoken: Vec<u8>,
}

impl Ward {
    fn new(limits: Limits) -> Self {
        Self { limits, memory: 0, table: 0, refused: None, spoken: Vec::new() }
    }

    fn hear(&mut self, byte: u8) {
        if self.spoken.len() == SPOKEN_KEPT {
            self.spoken.drain(..SPOKEN_KEPT / 2);
        }
        self.spoken.push(byte);
    }

    /// What the instance last wrote to stderr, folded to one line.
    fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.spoken);
        // std adds a line about RUST_BACKTRACE, which nobody can set in here.
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("note: run with"));
        lines.collect::<Vec<_>>().join(" · ")
    }

    /// The kind of a trap, from what wasmtime reports and what was refused.
    fn explain(&self, error: &wasmtime::Error) -> Trap {
        use wasmtime::Trap as Code;
        match (error.downcast_ref::<Code>(), &self.refused) {
            (Some(Code::Interrupt | Code::OutOfFuel), _) => Trap::Timeout(self.limits.time),
            (Some(Code::StackOverflow), _) => Trap::Stack,
            (_, Some(refused)) => refused.clone(),
            // A Rust guest keeps its stack below its data, so that an overflow leaves the memory.
            (Some(Code::MemoryOutOfBounds), None) => {
                Trap::Other("out of bounds memory access, in Rust mostly a stack overflow".to_owned())
            }
            (Some(Code::UnreachableCodeReached), None) if !self.spoken.is_empty() => Trap::Other(self.said()),
            (Some(code), None) => Trap::Other(code.to_string()),
            (None, None) => {
                let text = error.root_cause().to_string();
                // wasmtime keeps this error's type to itself.
                if text.contains("fuel allocated for hostcalls") {
                    Trap::TooLarge(format!("more than {} MiB", self.limits.result >> 20))
                } else {
                    Trap::Contract(text)
                }
            }
        }
    }
}

impl ResourceLimiter for Ward {
    fn memory_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let more = desired.saturating_sub(current) / PAGE;
        if let Some(byte) = more.checked_sub(SPOKEN_PAGES).and_then(|byte| u8::try_from(byte).ok()) {
            self.hear(byte);
            return Ok(false);
        }
        let total = self.memory + desired.saturating_sub(current);
        if total > self.limits.memory {
            self.refused = Some(Trap::Memory(self.limits.memory));
            return Ok(false);
        }
        self.memory = total;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let total = self.table + desired.saturating_sub(current);
        if total > self.limits.table {
            self.refused = Some(Trap::Table(self.limits.table));
            return Ok(false);
        }
        self.table = total;
        Ok(true)
    }
}

/// Counts live instances, so that a caller waits instead of failing when the
/// pool is full.
struct Slots {
    taken: Mutex<u32>,
    freed: Condvar,
    total: u32,
}

impl Slots {
    fn new(total: u32) -> Self {
        Self { taken: Mutex::new(0), freed: Condvar::new(), total: total.max(1) }
    }

    fn crowded(&self) -> bool {
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) > self.total / 2
    }
}

/// One live instance's place in the pool.
struct Slot(Engine);

impl Slot {
    fn take(engine: &Engine) -> Self {
        let slots = &engine.shared.slots;
        let taken = slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken =
            slots.freed.wait_while(taken, |taken| *taken >= slots.total).unwrap_or_else(PoisonError::into_inner);
        *taken += 1;
        Self(engine.clone())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let slots = &self.0.shared.slots;
        *slots.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        slots.freed.notify_one();
    }
}
