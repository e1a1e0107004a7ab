//! Chance, and work that goes on beside a test until its process is killed.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::print_stdout, reason = "a test tells its story in one piece")]
#![allow(clippy::unwrap_used, reason = "a helper of tests fails by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use testkit::process::RpcClient;

/// Kills of each kind unless `BITQ_KILLS` says otherwise.
const USUAL_KILLS: u32 = 3;

/// How many kills of each kind.
pub(crate) fn kills() -> u32 {
    let text = std::env::var("BITQ_KILLS").ok();
    text.map_or(USUAL_KILLS, |text| {
        text.parse().expect("BITQ_KILLS is a number")
    })
}

/// Numbers that look random; the seed is shown so that a failure can be repeated.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(what: &str) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let seed = std::env::var("BITQ_SEED").ok();
        let seed = seed.map_or(u64::from(now.subsec_nanos()) | 1, |text| {
            text.parse().unwrap()
        });
        println!("{what}: repeat with BITQ_SEED={seed}");
        Self(seed)
    }

    /// As [`Dice::new`], with this seed unless another is wanted.
    pub(crate) fn fixed(seed: Option<u64>, what: &str) -> Self {
        match seed {
            Some(seed) if std::env::var_os("BITQ_SEED").is_none() => Self(seed),
            _ => Self::new(what),
        }
    }

    /// A number below `limit`, by the xorshift generator.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// Lets some time pass: there is no event at a random moment.
    pub(crate) fn pause(&mut self, most: Duration) {
        let most = u64::try_from(most.as_micros()).unwrap();
        thread::sleep(Duration::from_micros(self.below(most)));
    }
}

/// Makes a call again and again beside the test until the flag is set or the node is gone; gives the results.
pub(crate) fn repeat<T: Send + 'static>(
    client: RpcClient,
    stop: &'static AtomicBool,
    call: impl Fn(&RpcClient) -> Option<T> + Send + 'static,
) -> thread::JoinHandle<Vec<T>> {
    thread::spawn(move || {
        let mut results = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            match call(&client) {
                Some(result) => results.push(result),
                None => break,
            }
        }
        results
    })
}

/// A flag that outlives the test.
pub(crate) fn new_flag() -> &'static AtomicBool {
    Box::leak(Box::new(AtomicBool::new(false)))
}
