//! TCP ports that nobody uses.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Lowest port given out; the range ends below the ports that systems give to outgoing connections.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

static NEXT: AtomicU16 = AtomicU16::new(0);

/// A free port. Programs of one process never get the same one twice in a row, and processes begin apart.
///
/// # Panics
/// Where all ports are taken.
pub fn free_port() -> u16 {
    let start = u16::try_from(std::process::id().wrapping_mul(97) % u32::from(COUNT))
        .expect("a remainder below COUNT");
    for _ in 0..COUNT {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        let port = FIRST + (start + step) % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}
