//! All wallets of the process: the directory they lie in, and those that are open.

use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use ipc_schema::{LockState, WalletDelta, WalletInfo, WalletListItem, WalletState};
use keys::descriptor::OutputType;
use primitives::ChainParams;
use tokio::sync::{broadcast, watch};

use crate::WalletError;
use crate::db::{self, Database, DbError, FILE_NAME, FileKind, OpenOptions};
use crate::names::{check_form, wallet_path};
use crate::options::WalletOptions;
use crate::wallet::{BalanceQuery, NewWallet, Wallet};

/// Changes that a slow reader may be behind before it reads the history again.
const DELTAS: usize = 1024;
/// Rows that one change may carry; more are told as several.
const ROWS_PER_DELTA: usize = 200;
/// How deep wallets may lie below the wallet directory.
const MAX_DEPTH: usize = 4;

/// An open wallet, with those who watch it.
#[derive(Debug)]
pub struct Open {
    /// The wallet.
    pub wallet: Wallet,
    state: watch::Sender<WalletState>,
    deltas: broadcast::Sender<WalletDelta>,
    sequence: u64,
    addresses_revision: u64,
    coins_revision: u64,
    at_tip: bool,
    scanning: Option<f64>,
}

/// Every wallet of the process.
#[derive(Debug)]
pub struct Wallets {
    params: &'static ChainParams,
    options: WalletOptions,
    dir: PathBuf,
    open: Vec<Open>,
}

/// The kind of address in the window's words.
pub const fn address_type(kind: OutputType) -> ipc_schema::AddressType {
    match kind {
        OutputType::Legacy => ipc_schema::AddressType::Legacy,
        OutputType::P2shSegwit => ipc_schema::AddressType::P2shSegwit,
        OutputType::Bech32 => ipc_schema::AddressType::Bech32,
        OutputType::Bech32m => ipc_schema::AddressType::Bech32m,
    }
}

/// The kind of address that the window means.
pub const fn output_type(kind: ipc_schema::AddressType) -> OutputType {
    match kind {
        ipc_schema::AddressType::Legacy => OutputType::Legacy,
        ipc_schema::AddressType::P2shSegwit => OutputType::P2shSegwit,
        ipc_schema::AddressType::Bech32 => OutputType::Bech32,
        ipc_schema::AddressType::Bech32m => OutputType::Bech32m,
    }
}

impl Open {
    fn new(wallet: Wallet) -> Self {
        let mut open = Self {
            wallet,
            state: watch::Sender::new(WalletState::default()),
            deltas: broadcast::Sender::new(DELTAS),
            sequence: 0,
            addresses_revision: 0,
            coins_revision: 0,
            at_tip: false,
            scanning: None,
        };
        open.wallet.take_changes();
        let state = open.make_state();
        open.state.send_replace(state);
        open
    }

    fn make_state(&self) -> WalletState {
        let wallet = &self.wallet;
        let query = BalanceQuery {
            avoid_reuse: true,
            ..BalanceQuery::default()
        };
        let sums = wallet.balances(query);
        let lock = match (wallet.is_encrypted(), wallet.is_locked()) {
            (false, _) => LockState::Unencrypted,
            (true, true) => LockState::Locked,
            (true, false) => LockState::Unlocked {
                until: wallet.unlocked_until(),
            },
        };
        let mark = wallet.backup_mark();
        WalletState {
            info: WalletInfo {
                name: wallet.name().to_owned(),
                path: wallet.file().display().to_string(),
                watch_only: wallet.is_watch_only(),
                can_get_addresses: wallet.can_get_addresses(),
                address_types: wallet
                    .address_types()
                    .into_iter()
                    .map(address_type)
                    .collect(),
                default_address_type: address_type(wallet.options().address_type),
                birth_time: wallet.birth_time().unwrap_or_default(),
            },
            balances: ipc_schema::Balances {
                trusted: sums.trusted,
                pending: sums.untrusted_pending,
                immature: sums.immature,
                used: sums.used,
            },
            block: wallet.best(),
            at_tip: self.at_tip,
            lock,
            transactions: wallet.txs().len() as u64,
            sequence: self.sequence,
            addresses_revision: self.addresses_revision,
            coins_revision: self.coins_revision,
            scanning: self.scanning,
            backup: (mark.time != 0).then_some((mark.time, mark.checked)),
            backup_outdated: wallet.backup_is_outdated(),
        }
    }

    /// Tells watchers what changed.
    fn publish(&mut self) {
        let changes = self.wallet.take_changes();
        if changes.is_empty() {
            return;
        }
        let txids: Vec<_> = changes.txs.into_iter().collect();
        for some in txids.chunks(ROWS_PER_DELTA) {
            self.sequence += 1;
            if self.deltas.receiver_count() > 0 {
                let rows = some
                    .iter()
                    .filter_map(|txid| self.wallet.row_of(txid))
                    .collect();
                let delta = WalletDelta {
                    sequence: self.sequence,
                    rows,
                    removed: Vec::new(),
                };
                // Without a reader it is lost, as it should be.
                let _ = self.deltas.send(delta);
            }
        }
        self.addresses_revision += u64::from(changes.addresses);
        self.coins_revision += u64::from(changes.coins);
        self.publish_state();
    }

    fn publish_state(&mut self) {
        let state = self.make_state();
        self.state.send_replace(state);
    }

    /// What a watcher gets.
    pub fn feed(&self) -> ipc_schema::service::WalletFeed {
        ipc_schema::service::WalletFeed {
            state: self.state.subscribe(),
            deltas: self.deltas.subscribe(),
        }
    }

    /// The history's number now.
    pub const fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Progress of a scan.
    pub const fn scanning(&self) -> Option<f64> {
        self.scanning
    }

    /// Notes whether the wallet is where the node is.
    pub fn set_at_tip(&mut self, at_tip: bool) {
        if self.at_tip != at_tip {
            self.at_tip = at_tip;
            self.publish_state();
        }
    }

    /// Notes how far a scan is.
    pub fn set_scanning(&mut self, progress: Option<f64>) {
        if self.scanning != progress {
            self.scanning = progress;
            self.publish_state();
        }
    }
}

impl Wallets {
    /// Begins without any open wallet.
    pub const fn new(params: &'static ChainParams, options: WalletOptions, dir: PathBuf) -> Self {
        Self {
            params,
            options,
            dir,
            open: Vec::new(),
        }
    }

    /// The directory that names of wallets are relative to.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Names of the open wallets, in the order in which they were opened.
    pub fn names(&self) -> Vec<String> {
        self.open
            .iter()
            .map(|open| open.wallet.name().to_owned())
            .collect()
    }

    /// Every open wallet.
    pub fn all(&mut self) -> impl Iterator<Item = &mut Open> {
        self.open.iter_mut()
    }

    /// An open wallet.
    ///
    /// # Errors
    /// [`WalletError::NotLoaded`].
    pub fn get(&mut self, name: &str) -> Result<&mut Open, WalletError> {
        let found = self.open.iter_mut().find(|open| open.wallet.name() == name);
        found.ok_or(WalletError::NotLoaded)
    }

    /// Tells watchers what changed.
    pub fn publish(&mut self) {
        for open in &mut self.open {
            open.publish();
        }
    }

    /// The file of a wallet by name: in a directory of that name, or the file itself.
    pub fn file_of(&self, name: &str) -> PathBuf {
        let path = self.dir.join(name);
        if path.is_file() {
            path
        } else {
            path.join(FILE_NAME)
        }
    }

    /// Makes a wallet and opens it; gives warnings.
    ///
    /// # Errors
    /// Where there is one already, or the file cannot be written.
    pub fn create(
        &mut self,
        name: &str,
        new: &NewWallet,
        passphrase: &[u8],
    ) -> Result<Vec<String>, WalletError> {
        if name.is_empty() {
            return Err(WalletError::File("Wallet name cannot be empty".to_owned()));
        }
        let path = wallet_path(&self.dir, name)?;
        let file = path.join(FILE_NAME);
        if path.is_file() {
            return Err(DbError::Exists(path).into());
        }
        let how = OpenOptions {
            create: true,
            unsafe_sync: self.options.unsafe_sync,
            wait: Duration::ZERO,
        };
        let made_dir = !path.exists();
        let db = Database::open(&file, self.params, how)?;
        let made = Wallet::create(name, db, self.params, self.options.clone(), new, passphrase);
        match made {
            Ok(wallet) => {
                self.open.push(Open::new(wallet));
                Ok(Vec::new())
            }
            Err(error) => {
                remove_partial(&file, made_dir);
                Err(error)
            }
        }
    }

    /// Reads a wallet and opens it; gives warnings. `wait` is for a forerunner that still ends.
    ///
    /// # Errors
    /// A [`WalletError`].
    pub fn load(&mut self, name: &str, wait: Duration) -> Result<Vec<String>, WalletError> {
        if self.open.iter().any(|open| open.wallet.name() == name) {
            return Err(WalletError::File(format!(
                "Wallet \"{name}\" is already loaded."
            )));
        }
        wallet_path(&self.dir, name)?;
        let how = OpenOptions {
            create: false,
            unsafe_sync: self.options.unsafe_sync,
            wait,
        };
        let db = Database::open(&self.file_of(name), self.params, how)?;
        db.verify()?;
        let mut wallet = Wallet::load(name, db, self.params, self.options.clone())?;
        let warnings = std::mem::take(&mut wallet.warnings);
        self.open.push(Open::new(wallet));
        Ok(warnings)
    }

    /// Closes a wallet.
    ///
    /// # Errors
    /// [`WalletError::NotLoaded`], or where the file cannot be written.
    pub fn unload(&mut self, name: &str) -> Result<(), WalletError> {
        let place = self.open.iter().position(|open| open.wallet.name() == name);
        let open = self.open.remove(place.ok_or(WalletError::NotLoaded)?);
        tracing::info!("[{name}] Releasing wallet {name}..");
        open.wallet.close()
    }

    /// Closes all wallets; what cannot be written is logged.
    pub fn close_all(&mut self) {
        for open in self.open.drain(..) {
            let name = open.wallet.name().to_owned();
            if let Err(error) = open.wallet.close() {
                tracing::error!("[{name}] {error}");
            }
        }
    }

    /// Copies a backup to where a wallet of that name lies, and opens it.
    ///
    /// # Errors
    /// Where the backup is no wallet, or a wallet is there already.
    pub fn restore(&mut self, name: &str, backup: &Path) -> Result<Vec<String>, WalletError> {
        if name.is_empty() {
            return Err(WalletError::File("Wallet name cannot be empty".to_owned()));
        }
        // Before anything is written: the name may lead out of the wallets' directory.
        check_form(name)?;
        if !backup.exists() {
            return Err(WalletError::File("Backup file does not exist".to_owned()));
        }
        let dir = self.dir.join(name);
        let target = dir.join(FILE_NAME);
        if dir.is_file() {
            return Err(WalletError::File(format!(
                "Failed to restore wallet. Database file exists '{}'.",
                dir.display()
            )));
        }
        if target.exists() {
            return Err(WalletError::File(format!(
                "Failed to restore wallet. Database file exists in '{}'.",
                target.display()
            )));
        }
        match db::file_kind(backup, self.params) {
            FileKind::Wallet => {}
            FileKind::Legacy => return Err(DbError::Legacy(backup.to_owned()).into()),
            FileKind::Foreign => {
                return Err(DbError::Foreign {
                    path: backup.to_owned(),
                }
                .into());
            }
            FileKind::Absent => return Err(DbError::NotRecognized(backup.to_owned()).into()),
            // Programs compare the words, and these name the wallet that is not made.
            FileKind::Other => return Err(DbError::NotRecognized(dir).into()),
        }
        let made_dir = !dir.exists();
        common::datadir::create_private(&dir).map_err(|_| {
            WalletError::File(format!(
                "Failed to restore database path '{}'.",
                dir.display()
            ))
        })?;
        let loaded = db::copy_file(backup, &target)
            .map_err(WalletError::from)
            .and_then(|()| self.load(name, Duration::ZERO));
        if loaded.is_err() {
            remove_partial(&target, made_dir);
        }
        loaded
    }

    /// Removes what [`Wallets::restore`] made, once it is closed.
    pub fn remove_restored(&self, name: &str) {
        remove_partial(&self.dir.join(name).join(FILE_NAME), true);
    }

    /// Wallets in the directory, open or not, in the order of their names.
    pub fn list(&self) -> Vec<WalletListItem> {
        let mut items = Vec::new();
        let mut found = Vec::new();
        find_wallets(&self.dir, &self.dir, 0, self.params, &mut found);
        for open in &self.open {
            if !found.iter().any(|(name, _)| name == open.wallet.name()) {
                found.push((open.wallet.name().to_owned(), open.wallet.file()));
            }
        }
        for (name, file) in found {
            let open = self.open.iter().find(|open| open.wallet.name() == name);
            let modified = std::fs::metadata(&file)
                .and_then(|data| data.modified())
                .ok()
                .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
                .and_then(|since| i64::try_from(since.as_secs()).ok());
            items.push(WalletListItem {
                path: file.display().to_string(),
                loaded: open.is_some(),
                encrypted: open.map(|open| open.wallet.is_encrypted()),
                modified: modified.unwrap_or_default(),
                name,
            });
        }
        items.sort_by(|a, b| a.name.cmp(&b.name));
        items
    }
}

/// Removes what a failed creation left behind.
fn remove_partial(file: &Path, made_dir: bool) {
    let journal = file.with_file_name(format!("{FILE_NAME}-journal"));
    for path in [file, journal.as_path()] {
        if let Err(error) = std::fs::remove_file(path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!("Cannot remove {}: {error}", path.display());
        }
    }
    if made_dir && let Some(dir) = file.parent() {
        // It may hold something else by now.
        let _ = std::fs::remove_dir(dir);
    }
}

/// Finds wallets in directories below `dir` (Core's `ListDatabases`).
fn find_wallets(
    root: &Path,
    dir: &Path,
    depth: usize,
    params: &ChainParams,
    found: &mut Vec<(String, PathBuf)>,
) {
    let is_wallet = |file: &Path| {
        matches!(
            db::file_kind(file, params),
            FileKind::Wallet | FileKind::Legacy
        )
    };
    let name_of = |path: &Path| {
        path.strip_prefix(root)
            .map(|rest| rest.to_string_lossy().into_owned())
            .unwrap_or_default()
    };
    let own = dir.join(FILE_NAME);
    if is_wallet(&own) {
        found.push((name_of(dir), own));
    }
    if depth >= MAX_DEPTH {
        return;
    }
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            tracing::warn!(
                "Error scanning directory entries under {}: {error}",
                dir.display()
            );
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
        if path.is_dir() && !is_link {
            find_wallets(root, &path, depth + 1, params, found);
        } else if depth == 0
            && path.is_file()
            && path.file_name().is_some_and(|name| name != FILE_NAME)
            && is_wallet(&path)
        {
            found.push((name_of(&path), path));
        }
    }
}
