//! Doors for the fuzz package, which no program uses.

use primitives::ChainParams;

use crate::db::{Batch, Database, DbError};
use crate::wallet::NewWallet;
use crate::{Wallet, WalletError, WalletOptions, tool};

/// Records of a wallet file: key and value.
pub type Records = Vec<(Vec<u8>, Vec<u8>)>;

/// Addresses that are kept ahead: making them takes the most time.
const KEYPOOL: u32 = 2;

fn options(params: &ChainParams) -> WalletOptions {
    WalletOptions {
        keypool: KEYPOOL,
        ..WalletOptions::defaults(params)
    }
}

fn database(records: &[(Vec<u8>, Vec<u8>)]) -> Result<Database, DbError> {
    let mut batch = Batch::default();
    for (key, value) in records {
        batch.put(key.clone(), value.clone());
    }
    let mut database = Database::in_memory()?;
    database.commit(&batch)?;
    Ok(database)
}

fn all(database: &Database) -> Result<Records, DbError> {
    let mut records = Records::new();
    database.for_each(|key, value| records.push((key.to_vec(), value.to_vec())))?;
    Ok(records)
}

/// Makes a wallet that has no file.
///
/// # Errors
/// As [`Wallet::create`].
pub fn create(new: &NewWallet, params: &'static ChainParams) -> Result<Wallet, WalletError> {
    Wallet::create("", database(&[])?, params, options(params), new, b"")
}

/// Loads a wallet from records, as from a file that holds them.
///
/// # Errors
/// As [`Wallet::load`].
pub fn load(
    records: &[(Vec<u8>, Vec<u8>)],
    params: &'static ChainParams,
) -> Result<Wallet, WalletError> {
    Wallet::load("", database(records)?, params, options(params))
}

/// Loads a wallet from a file that was opened.
///
/// # Errors
/// As [`Wallet::load`].
pub fn load_file(database: Database, params: &'static ChainParams) -> Result<Wallet, WalletError> {
    Wallet::load("", database, params, options(params))
}

/// The records of a wallet's file, in the order of their keys.
///
/// # Errors
/// [`DbError::Sqlite`].
pub fn records(wallet: &Wallet) -> Result<Records, DbError> {
    all(wallet.db())
}

/// Writes records as the text of a dump.
///
/// # Errors
/// [`DbError::Sqlite`].
pub fn write_dump(records: &[(Vec<u8>, Vec<u8>)], params: &ChainParams) -> Result<String, DbError> {
    tool::dump_text(&database(records)?, params)
}

/// Reads the text of a dump.
///
/// # Errors
/// The sentence to show.
pub fn read_dump(text: &str, params: &ChainParams) -> Result<Records, String> {
    let batch = tool::read_dump(text, params)?;
    let mut database = Database::in_memory().map_err(|error| error.to_string())?;
    database
        .commit(&batch)
        .and_then(|()| all(&database))
        .map_err(|error| error.to_string())
}
