//! An allocator for plugins that answer one call and are gone: it goes through memory once.
//!
//! A general allocator looks for the place that fits, and keeps books of what is free. For a classifier, whose instance lives
//! for one batch, that is work for nobody. Here memory is handed out from front to back. Only the latest block can be given back
//! or grow in its place; every other one stays until the instance ends, and with it all of them. So it suits
//! plugins that keep few things for long; whoever builds large things and drops them again should not use it.
//!
//! ```ignore
//! #[cfg(target_family = "wasm")]
//! #[global_allocator]
//! static ALLOCATOR: caifeng_plugin_sdk::arena::Arena = caifeng_plugin_sdk::arena::Arena::new();
//! ```

#![allow(unsafe_code, reason = "an allocator hands out addresses")]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::ptr;

/// A page of WebAssembly.
const PAGE: usize = 64 << 10;

/// How many pages are asked for at least: asking costs more than having.
const STEP: usize = 16;

/// The allocator; see the module.
#[derive(Debug)]
pub struct Arena {
    /// The first address that is free.
    next: Cell<usize>,
    /// Behind the last that may be used.
    end: Cell<usize>,
    /// Adds so many pages to the memory; the number of its first page, `usize::MAX` where there are no more.
    grow: fn(usize) -> usize,
}

// SAFETY: a guest has one thread; nothing else can make one that is static.
unsafe impl Sync for Arena {}

#[cfg(target_family = "wasm")]
impl Arena {
    /// An allocator of what this instance's memory can still grow by.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "there is one, and it is static")]
    pub const fn new() -> Self {
        Self { next: Cell::new(0), end: Cell::new(0), grow: |pages| std::arch::wasm32::memory_grow::<0>(pages) }
    }
}

impl Arena {
    /// Where so many bytes may begin, once there is memory up to their end.
    fn take(&self, layout: Layout) -> Option<usize> {
        loop {
            let start = self.next.get().checked_next_multiple_of(layout.align())?;
            let behind = start.checked_add(layout.size())?;
            if behind <= self.end.get() {
                self.next.set(behind);
                return Some(start);
            }
            self.extend(layout.size().checked_add(layout.align())?)?;
        }
    }

    /// Asks for at least so many bytes more. Where somebody else has grown the memory meanwhile, what was left is lost.
    fn extend(&self, bytes: usize) -> Option<()> {
        let pages = bytes.div_ceil(PAGE).max(STEP);
        let start = Some((self.grow)(pages)).filter(|page| *page != usize::MAX)? * PAGE;
        if start != self.end.get() {
            self.next.set(start);
        }
        self.end.set(start + pages * PAGE);
        Some(())
    }

    /// Whether nothing was handed out behind this block.
    fn is_latest(&self, block: *mut u8, size: usize) -> bool {
        block.addr() + size == self.next.get()
    }
}

// SAFETY: blocks are aligned, lie within memory that was grown for them, and do not overlap: `next` only goes back
// to the start of the latest block when that is given back, and to its new end when it shrinks.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.take(layout).map_or(ptr::null_mut(), ptr::with_exposed_provenance_mut)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if self.is_latest(block, layout.size()) {
            self.next.set(block.addr());
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let latest = self.is_latest(block, layout.size());
        if size <= layout.size() || (latest && size <= self.end.get() - block.addr()) {
            if latest {
                self.next.set(block.addr() + size);
            }
            return block;
        }
        // SAFETY: the caller promises a size that is none of zero and fits the alignment.
        let wider = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: the new block is as long as asked, the old one at least as long as it was, and they do not overlap.
        unsafe {
            let moved = self.alloc(wider);
            if !moved.is_null() {
                ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The next page that the tests' memory grows by, and how many there still are.
    static PAGES: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

    fn grow(pages: usize) -> usize {
        let left = PAGES[1].load(Ordering::Relaxed);
        if left < pages {
            return usize::MAX;
        }
        PAGES[1].store(left - pages, Ordering::Relaxed);
        PAGES[0].fetch_add(pages, Ordering::Relaxed)
    }

    fn layout(size: usize, align: usize) -> Layout {
        Layout::from_size_align(size, align).unwrap_or(Layout::new::<u64>())
    }

    #[test]
    fn blocks_keep_what_is_in_them_until_there_is_no_more() {
        const ALL: usize = 4 * STEP;
        // SAFETY: the size is none of zero; what is returned is checked.
        let memory = unsafe { std::alloc::alloc(layout(ALL * PAGE, PAGE)) };
        assert!(!memory.is_null());
        PAGES[0].store(memory.expose_provenance() / PAGE, Ordering::Relaxed);
        PAGES[1].store(ALL, Ordering::Relaxed);
        let arena = Arena { next: Cell::new(0), end: Cell::new(0), grow };
        let mut kept: Vec<(*mut u8, usize, u8)> = Vec::new();
        for (size, fill) in [(1, 1), (13, 2), (4096, 3), (70_000, 4), (200_000, 5)] {
            for align in [1, 8, 64] {
                // SAFETY: sizes are none of zero; blocks are written and read within their sizes.
                unsafe {
                    let block = arena.alloc(layout(size, align));
                    assert!(!block.is_null() && block.addr().is_multiple_of(align), "{size} {align}");
                    block.write_bytes(fill, size);
                    // The latest grows in its place, or moves with what is in it; then it shrinks.
                    let wider = arena.realloc(block, layout(size, align), size + 5);
                    assert_eq!((wider.read(), wider.add(size - 1).read()), (fill, fill));
                    assert_eq!(arena.realloc(wider, layout(size + 5, align), size), wider);
                    kept.push((wider, size, fill));
                    // What is given back at once is handed out again.
                    let passing = arena.alloc(layout(24, 8));
                    arena.dealloc(passing, layout(24, 8));
                    assert_eq!(arena.alloc(layout(16, 8)), passing);
                    // One that is not the latest stays where it is when it shrinks, and moves when it grows.
                    assert_ne!(arena.realloc(wider, layout(size, align), size + 1), wider);
                }
            }
        }
        for (block, size, fill) in kept {
            // SAFETY: as above.
            let held = unsafe { std::slice::from_raw_parts(block, size) };
            assert!(held.iter().all(|byte| *byte == fill), "a block of {size} was written over");
        }
        // SAFETY: nothing is written to it.
        assert!(unsafe { arena.alloc(layout(ALL * PAGE, 1)) }.is_null());
        // SAFETY: nothing of it is in use any more.
        unsafe { std::alloc::dealloc(memory, layout(ALL * PAGE, PAGE)) };
    }
}
