//! A limit for single allocations: what an input says of its length must not decide what is set aside for it.

use std::alloc::{GlobalAlloc, Layout, System};

/// Inputs are shorter than 64 KiB; nothing that is read from one is a thousand times as long.
const LIMIT: usize = 64 << 20;

/// Gives nothing beyond the limit, so that the program ends there and names the size.
struct Limited;

#[global_allocator]
static ALLOCATOR: Limited = Limited;

#[expect(
    unsafe_code,
    reason = "an allocator cannot be written without; each call is given on as it is"
)]
// SAFETY: all is left to the system's allocator, but for requests that get nothing, which any may.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LIMIT {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are those that are asked for here.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LIMIT {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are those that are asked for here.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if size > LIMIT {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller's promises are those that are asked for here.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are those that are asked for here.
        unsafe { System.dealloc(old, layout) }
    }
}
