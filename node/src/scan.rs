//! Scans of which one of a kind may run at a time: of all coins (`scantxoutset`), of block filters (`scanblocks`).

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

/// Whether all coins are being looked through, how far that is, and whether it is to end.
#[derive(Debug, Default)]
pub(crate) struct CoinsScan {
    running: AtomicBool,
    aborted: AtomicBool,
    percent: AtomicU8,
    height: AtomicU32,
}

/// The right to scan, until it is dropped.
#[derive(Debug)]
pub(crate) struct ScanGuard<'a>(&'a CoinsScan);

impl CoinsScan {
    /// Begins a scan; `None` where one is running.
    pub(crate) fn begin(&self) -> Option<ScanGuard<'_>> {
        if self.running.swap(true, Ordering::AcqRel) {
            return None;
        }
        self.aborted.store(false, Ordering::Relaxed);
        self.percent.store(0, Ordering::Relaxed);
        Some(ScanGuard(self))
    }

    /// How far the scan is, in per cent; `None` where none is running.
    pub(crate) fn progress(&self) -> Option<u8> {
        let running = self.running.load(Ordering::Acquire);
        running.then(|| self.percent.load(Ordering::Relaxed))
    }

    /// The height of the block that a scan of blocks is at.
    pub(crate) fn height(&self) -> u32 {
        self.height.load(Ordering::Relaxed)
    }

    /// Asks the scan to end; false where none is running.
    pub(crate) fn abort(&self) -> bool {
        let running = self.running.load(Ordering::Acquire);
        if running {
            self.aborted.store(true, Ordering::Relaxed);
        }
        running
    }
}

impl ScanGuard<'_> {
    /// Says how far the scan is; true where that is more than before.
    pub(crate) fn report(&self, percent: u8) -> bool {
        self.0.percent.fetch_max(percent, Ordering::Relaxed) < percent
    }

    /// Says which block the scan is at.
    pub(crate) fn set_height(&self, height: u32) {
        self.0.height.store(height, Ordering::Relaxed);
    }

    /// Whether somebody wants the scan to end.
    pub(crate) fn is_aborted(&self) -> bool {
        self.0.aborted.load(Ordering::Relaxed)
    }
}

impl Drop for ScanGuard<'_> {
    fn drop(&mut self) {
        self.0.running.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scan_runs_at_a_time() {
        let scan = CoinsScan::default();
        assert_eq!((scan.progress(), scan.abort()), (None, false));
        let first = scan.begin().unwrap();
        assert!(scan.begin().is_none());
        assert!(first.report(7) && !first.report(7));
        assert_eq!(scan.progress(), Some(7));
        assert!(!first.is_aborted() && scan.abort() && first.is_aborted());
        drop(first);
        let second = scan.begin().unwrap();
        assert!(!second.is_aborted(), "what was asked of the first");
        assert_eq!(scan.progress(), Some(0));
    }
}
