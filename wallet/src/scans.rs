//! Which wallets are being scanned.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio_util::sync::CancellationToken;

use crate::WalletError;
use crate::context::locked;

/// The scans that run, one for a wallet; clones are the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scans(Arc<Mutex<HashMap<String, CancellationToken>>>);

/// The mark that a wallet is being scanned: dropped, the scan is over, however it ended.
#[derive(Debug)]
pub(crate) struct ScanMark {
    scans: Scans,
    name: String,
}

impl Scans {
    /// Notes that a scan begins.
    ///
    /// # Errors
    /// [`WalletError::Busy`] where one runs for this wallet.
    pub(crate) fn begin(
        &self,
        name: &str,
        cancel: CancellationToken,
    ) -> Result<ScanMark, WalletError> {
        let mut running = locked(&self.0);
        if running.contains_key(name) {
            return Err(WalletError::Busy(
                "Wallet is currently rescanning. Abort existing rescan or wait.",
            ));
        }
        running.insert(name.to_owned(), cancel);
        Ok(ScanMark {
            scans: self.clone(),
            name: name.to_owned(),
        })
    }

    /// Whether a scan runs for a wallet.
    pub(crate) fn is_running(&self, name: &str) -> bool {
        locked(&self.0).contains_key(name)
    }

    /// Asks a scan to end; false where none runs.
    pub(crate) fn abort(&self, name: &str) -> bool {
        let scan = locked(&self.0).get(name).cloned();
        if let Some(scan) = &scan {
            scan.cancel();
        }
        scan.is_some()
    }

    /// Asks every scan to end.
    pub(crate) fn abort_all(&self) {
        for scan in locked(&self.0).values() {
            scan.cancel();
        }
    }
}

impl Drop for ScanMark {
    fn drop(&mut self) {
        locked(&self.scans.0).remove(&self.name);
    }
}
