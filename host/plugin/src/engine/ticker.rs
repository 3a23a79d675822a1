//! The thread that makes time pass for running plugins.
//!
//! While a call runs, the epoch advances once a tick, and a call that outlives
//! its deadline in ticks is stopped. While none has run for a while the thread
//! sleeps, so that an idle daemon wakes for nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Ticks without a call after which the thread goes to sleep. Long enough that
/// a busy stretch never has to wake it.
const IDLE_TICKS: u32 = 100;

pub(super) struct Ticker {
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    running: AtomicUsize,
    asleep: AtomicBool,
    stop: AtomicBool,
}

/// A call is running while this lives.
pub(super) struct Running<'a>(&'a State);

impl Ticker {
    pub(super) fn start(engine: wasmtime::Engine, tick: Duration) -> std::io::Result<Self> {
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        let thread = thread::Builder::new()
            .name("plugin-ticker".to_owned())
            .spawn(move || shared.run(&engine, tick))?;
        Ok(Self {
            state,
            thread: Some(thread),
        })
    }

    pub(super) fn running(&self) -> Running<'_> {
        self.state.running.fetch_add(1, Ordering::SeqCst);
        if self.state.asleep.load(Ordering::SeqCst) {
            self.wake();
        }
        Running(&self.state)
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }
}

impl State {
    #[expect(clippy::disallowed_methods, reason = "a tick is time that passes")]
    fn run(&self, engine: &wasmtime::Engine, tick: Duration) {
        let mut idle = 0;
        while !self.stop.load(Ordering::SeqCst) {
            if self.running.load(Ordering::SeqCst) > 0 {
                idle = 0;
            } else {
                idle += 1;
            }
            if idle > IDLE_TICKS {
                self.sleep();
                idle = 0;
            } else {
                thread::sleep(tick);
                engine.increment_epoch();
            }
        }
    }

    /// Sleeps until a call runs. A call that starts between the two looks sees
    /// `asleep` and leaves the wake-up for `park` to find.
    fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        while self.running.load(Ordering::SeqCst) == 0 && !self.stop.load(Ordering::SeqCst) {
            thread::park();
        }
        self.asleep.store(false, Ordering::SeqCst);
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::SeqCst);
        self.wake();
        if let Some(thread) = self.thread.take() {
            // The thread cannot panic; if it did, there is nothing left to stop.
            let _ = thread.join();
        }
    }
}
