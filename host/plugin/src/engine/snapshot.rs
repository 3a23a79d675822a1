//! Initialises a component when it is built, so that no instance has to.
//!
//! What a guest sets up on first use — tables, an automaton, the memory that
//! its allocator asks for — every fresh instance would set up again. Here it is
//! done once: the component is instantiated, told to initialise itself, and
//! written out again with its memory and globals as they then are.
//!
//! It happens in a sandbox of its own: there is no pool, code is compiled
//! quickly rather than well because it runs once, and instructions are counted,
//! so that the same component gives the same bytes on every machine or the same
//! refusal.

use super::{FUEL_PER_MS, Limits, Trap, Ward};
use crate::artifact::SNAPSHOT_EXPORT;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use wasmtime::component::{Component, Instance, Lift, Linker, WasmList};
use wasmtime::{Config, Engine, OptLevel, Store};
use wasmtime_wizer::{ComponentInstanceState, Wizer};

/// What initialising may use: as much as a call whose manifest asks for nothing,
/// and, as the memory is read out in one piece, a result of its size.
const LIMITS: Limits =
    Limits { memory: 64 << 20, time: Duration::from_secs(2), result: 128 << 20, posts: 0, table: 20_000 };

/// Why a component cannot be initialised; its author must act.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// It cannot be written out again.
    #[error("cannot keep what initialising left: {0}")]
    Unsuited(String),
    /// It trapped, or took more than it may.
    #[error(transparent)]
    Trap(#[from] Trap),
}

/// The component as it is after its [`SNAPSHOT_EXPORT`] ran. The export stays,
/// since the component's own parts refer to it.
///
/// # Errors
/// If it does not end in time, traps, or holds what cannot be kept.
pub(crate) fn initialised(component: &[u8]) -> Result<Vec<u8>, SnapshotError> {
    let mut wizer = Wizer::new();
    wizer.init_func(SNAPSHOT_EXPORT).keep_init_func(true);
    let (parts, watched) = wizer.instrument_component(component).map_err(unsuited)?;
    let engine = Engine::new(Config::new().cranelift_opt_level(OptLevel::None).consume_fuel(true)).map_err(unsuited)?;
    let code = Component::from_binary(&engine, &watched).map_err(unsuited)?;
    let mut store = Store::new(&engine, Ward::new(LIMITS));
    store.limiter(|ward| ward);
    store.set_hostcall_fuel(LIMITS.result);
    let most = u64::try_from(LIMITS.time.as_millis()).unwrap_or(u64::MAX).saturating_mul(FUEL_PER_MS);
    store.set_fuel(most).map_err(unsuited)?;
    let instance = Linker::new(&engine).instantiate(&mut store, &code).map_err(|error| store.data().explain(&error))?;
    let initialise = instance.get_typed_func::<(), ()>(&mut store, SNAPSHOT_EXPORT).map_err(unsuited)?;
    initialise.call(&mut store, ()).map_err(|error| store.data().explain(&error))?;
    // What it holds is read out by calls, which must not be what runs out.
    store.set_fuel(u64::MAX).map_err(unsuited)?;
    let mut state = State { store, instance, lost: None };
    let written = at_once(wizer.snapshot_component(&parts, &mut state));
    match state.lost {
        Some(problem) => Err(SnapshotError::Unsuited(problem)),
        None => written.map_err(unsuited),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "passed by name to map_err")]
fn unsuited(error: wasmtime::Error) -> SnapshotError {
    SnapshotError::Unsuited(format!("{error:#}"))
}

/// The result of a future that never waits: all it calls is in this process.
fn at_once<T>(future: impl Future<Output = Result<T, wasmtime::Error>>) -> Result<T, wasmtime::Error> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(wasmtime::Error::msg("the snapshot waits for what never comes")),
    }
}

/// An initialised instance, whose memory and globals are read by the functions
/// that wizer adds. The trait has no errors, so the first is kept.
struct State {
    store: Store<Ward>,
    instance: Instance,
    lost: Option<String>,
}

impl State {
    fn read<R: Lift + 'static>(&mut self, interface: &str, function: &str) -> Option<R> {
        let value = self.call(interface, function);
        value.map_err(|error| self.lost.get_or_insert(error).clone()).ok()
    }

    fn call<R: Lift + 'static>(&mut self, interface: &str, function: &str) -> Result<R, String> {
        let outer = self.instance.get_export_index(&mut self.store, None, interface);
        let found = outer.and_then(|outer| self.instance.get_export_index(&mut self.store, Some(&outer), function));
        let found = found.ok_or_else(|| format!("no function {function} in {interface}"))?;
        let typed = self.instance.get_typed_func::<(), (R,)>(&mut self.store, found);
        let answer = typed.and_then(|typed| typed.call(&mut self.store, ()));
        answer.map(|(value,)| value).map_err(|error| format!("{error:#}"))
    }
}

impl ComponentInstanceState for State {
    async fn call_func_ret_list_u8(&mut self, instance: &str, func: &str, contents: impl FnOnce(&[u8]) + Send) {
        match self.read::<WasmList<u8>>(instance, func) {
            Some(list) => contents(list.as_le_slice(&self.store)),
            None => contents(&[]),
        }
    }

    async fn call_func_ret_s32(&mut self, instance: &str, func: &str) -> i32 {
        self.read(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_s64(&mut self, instance: &str, func: &str) -> i64 {
        self.read(instance, func).unwrap_or_default()
    }

    async fn call_func_ret_f32(&mut self, instance: &str, func: &str) -> u32 {
        self.read::<f32>(instance, func).unwrap_or_default().to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, func: &str) -> u64 {
        self.read::<f64>(instance, func).unwrap_or_default().to_bits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component that sets a memory and a global in `init`, and says their sum in `get`.
    fn component(init: &str) -> Vec<u8> {
        let text = format!(
            r#"(component
              (core module $m
                (memory (export "memory") 1) (global $g (mut i32) (i32.const 0))
                (func (export "init") {init})
                (func (export "get") (result i32) (i32.add (i32.load (i32.const 16)) (global.get $g))))
              (core instance $i (instantiate $m))
              (func (export "wizer-initialize") (canon lift (core func $i "init")))
              (func (export "get") (result u32) (canon lift (core func $i "get"))))"#
        );
        wat::parse_str(text).unwrap()
    }

    fn get(component: &[u8]) -> u32 {
        let engine = Engine::default();
        let mut store = Store::new(&engine, ());
        let component = Component::from_binary(&engine, component).unwrap();
        let instance = Linker::new(&engine).instantiate(&mut store, &component).unwrap();
        let get = instance.get_typed_func::<(), (u32,)>(&mut store, "get").unwrap();
        get.call(&mut store, ()).unwrap().0
    }

    #[test]
    fn a_fresh_instance_begins_with_what_was_set_up() {
        let plain = component("(i32.store (i32.const 16) (i32.const 7)) (global.set $g (i32.const 5))");
        let warm = initialised(&plain).unwrap();
        assert_eq!((get(&plain), get(&warm)), (0, 12));
        assert_eq!(initialised(&plain).unwrap(), warm, "one source, one file");
    }

    #[test]
    fn what_does_not_end_or_takes_too_much_is_refused() {
        let refusal = |init| initialised(&component(init)).unwrap_err();
        assert!(matches!(refusal("(loop (br 0))"), SnapshotError::Trap(Trap::Timeout(_))));
        let hoard = "(if (i32.eq (memory.grow (i32.const 2000)) (i32.const -1)) (then (unreachable)))";
        assert!(matches!(refusal(hoard), SnapshotError::Trap(Trap::Memory(_))));
        assert!(matches!(refusal("(unreachable)"), SnapshotError::Trap(Trap::Other(_))));
        assert!(matches!(initialised(b"\0asm").unwrap_err(), SnapshotError::Unsuited(_)));
    }
}
