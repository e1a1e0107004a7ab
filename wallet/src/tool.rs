//! The offline tool: `info`, `create`, `dump`, `createfromdump`, with Core's texts.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::options::Config;
use primitives::ChainParams;
use primitives::hash::{from_hex, to_hex};
use primitives::hash_scheme::sha256d;

use crate::db::{Batch, Database, FILE_NAME, OpenOptions};
use crate::names::wallet_path;
use crate::options::WalletOptions;
use crate::wallet::{NewWallet, Wallet};

/// Version of the dump's layout.
const DUMP_VERSION: u32 = 1;

/// What a command says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// For standard output.
    pub out: String,
    /// For standard error; the command failed where there is something.
    pub error: Option<String>,
}

impl Said {
    fn failed(text: impl Into<String>) -> Self {
        Self {
            out: String::new(),
            error: Some(text.into()),
        }
    }
}

/// Runs the command among the words of the command line.
pub fn run(config: &Config) -> Said {
    let dir = match crate::program::wallet_dir(config) {
        Ok(dir) => dir,
        Err(error) => return Said::failed(format!("Error: {error}")),
    };
    let (command, rest) = match config.words() {
        [] => {
            return Said::failed(format!(
                "No method provided. Run `{} -help` for valid methods.",
                config.program_name()
            ));
        }
        [command, rest @ ..] => (command.as_str(), rest),
    };
    if !rest.is_empty() {
        return Said::failed(format!(
            "Error: Additional arguments provided ({}). Methods do not take arguments. Please refer to `-help`.",
            rest.join(", ")
        ));
    }
    let known = ["info", "create", "dump", "createfromdump"];
    if !known.contains(&command) {
        return Said::failed(format!("Invalid command: {command}"));
    }
    let takes_dump = matches!(command, "dump" | "createfromdump");
    if config.is_set("dumpfile") && !takes_dump {
        return Said::failed(format!(
            "Error: Invalid arguments provided:\n- The -dumpfile option cannot be used with the '{command}' command."
        ));
    }
    if matches!(command, "create" | "createfromdump") && !config.is_set("wallet") {
        return Said::failed("Wallet name must be provided when creating a new wallet.");
    }
    let name = config.get_list("wallet").pop().unwrap_or_default();
    let path = match wallet_path(&dir, &name) {
        Ok(path) => path,
        Err(error) => return Said::failed(error.to_string()),
    };
    let file = if path.is_file() {
        path.clone()
    } else {
        path.join(FILE_NAME)
    };
    let work = Work {
        config,
        name,
        path,
        file,
    };
    let done = match command {
        "info" => work.info(),
        "create" => work.create(),
        "dump" => work.dump(),
        _ => work.create_from_dump(),
    };
    match done {
        Ok(out) => Said { out, error: None },
        Err(error) => Said::failed(error),
    }
}

struct Work<'a> {
    config: &'a Config,
    name: String,
    path: PathBuf,
    file: PathBuf,
}

fn describe(wallet: &Wallet) -> String {
    let yes = |on: bool| if on { "yes" } else { "no" };
    let (external, internal) = wallet.keypool_sizes();
    format!(
        "Wallet info\n===========\nName: {}\nFormat: sqlite\nDescriptors: yes\nEncrypted: {}\nHD (hd seed available): \
         {}\nKeypool Size: {}\nTransactions: {}\nAddress Book: {}\n",
        wallet.name(),
        yes(wallet.is_encrypted()),
        yes(wallet.can_get_addresses()),
        external + internal,
        wallet.txs().len(),
        wallet.addresses().len(),
    )
}

impl Work<'_> {
    fn params(&self) -> &'static ChainParams {
        self.config.params()
    }

    fn open(&self, create: bool) -> Result<Database, String> {
        let how = OpenOptions {
            create,
            unsafe_sync: false,
            wait: Duration::ZERO,
        };
        Database::open(&self.file, self.params(), how)
            .map_err(|error| error.to_string().trim_end().to_owned())
    }

    fn info(&self) -> Result<String, String> {
        let options = WalletOptions::defaults(self.params());
        let wallet = Wallet::load(&self.name, self.open(false)?, self.params(), options)
            .map_err(|error| error.to_string())?;
        let text = describe(&wallet);
        wallet.close().map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn create(&self) -> Result<String, String> {
        if self.name.is_empty() {
            return Err("Wallet name cannot be empty".to_owned());
        }
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        let new = NewWallet {
            now: i64::try_from(now.as_secs()).unwrap_or_default(),
            ..NewWallet::default()
        };
        let options = WalletOptions::defaults(self.params());
        let db = self.open(true)?;
        let wallet = Wallet::create(&self.name, db, self.params(), options, &new, b"")
            .map_err(|error| error.to_string())?;
        let text = format!("Topping up keypool...\n{}", describe(&wallet));
        wallet.close().map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn dump_file(&self, command: &str) -> Result<PathBuf, String> {
        let file = self.config.get_path("dumpfile").ok_or_else(|| {
            format!(
                "No dump file provided. To use {command}, -dumpfile=<filename> must be provided."
            )
        })?;
        Ok(std::path::absolute(&file).unwrap_or(file))
    }

    fn dump(&self) -> Result<String, String> {
        let db = self.open(false)?;
        let target = self.dump_file("dump")?;
        let shown = target.display();
        if target.exists() {
            return Err(format!(
                "File {shown} already exists. If you are sure this is what you want, move it out of the way first."
            ));
        }
        let text = dump_text(&db, self.params()).map_err(|error| error.to_string())?;
        let mut file = std::fs::File::create(&target)
            .map_err(|_| format!("Unable to open {shown} for writing"))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(|error| format!("Unable to write {shown}: {error}"))?;
        Ok(format!(
            "The dumpfile may contain private keys. To ensure the safety of your {}, do not share the dumpfile.\n",
            self.params().name
        ))
    }

    fn create_from_dump(&self) -> Result<String, String> {
        if self.name.is_empty() {
            return Err("Wallet name cannot be empty".to_owned());
        }
        let source = self.dump_file("createfromdump")?;
        if !source.exists() {
            return Err(format!("Dump file {} does not exist.", source.display()));
        }
        // A pipe or a device may never end.
        if !source.is_file() {
            return Err(format!("Cannot read {}: it is no file", source.display()));
        }
        let text = std::fs::read_to_string(&source)
            .map_err(|error| format!("Cannot read {}: {error}", source.display()))?;
        let batch = read_dump(&text, self.params())?;
        let made_dir = !self.path.exists();
        let mut db = self.open(true)?;
        let written = db.commit(&batch).map_err(|error| error.to_string());
        drop(db);
        if let Err(error) = written {
            remove(&self.file, made_dir);
            return Err(error);
        }
        Ok(String::new())
    }
}

fn remove(file: &Path, with_dir: bool) {
    // What cannot be removed stays for the user to see.
    let _ = std::fs::remove_file(file);
    if with_dir && let Some(dir) = file.parent() {
        let _ = std::fs::remove_dir(dir);
    }
}

/// All records as text, with a checksum at the end.
pub(crate) fn dump_text(db: &Database, params: &ChainParams) -> Result<String, crate::db::DbError> {
    let mut text = format!(
        "{},{DUMP_VERSION}\nformat,sqlite\n",
        params.wallet_dump_magic
    );
    db.for_each(|key, value| {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{},{}", to_hex(key), to_hex(value));
    })?;
    let sum = to_hex(&sha256d(text.as_bytes()));
    Ok(format!("{text}checksum,{sum}\n"))
}

/// Reads the records of a dump.
///
/// # Errors
/// The sentence to show.
pub(crate) fn read_dump(text: &str, params: &ChainParams) -> Result<Batch, String> {
    let body = check_head(text, params)?;
    read_records(text, body)
}

/// Checks the first two lines; gives where the records begin.
fn check_head(text: &str, params: &ChainParams) -> Result<usize, String> {
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    let second = lines.next().unwrap_or_default();
    let (magic, version) = first
        .trim_end_matches('\n')
        .split_once(',')
        .unwrap_or((first, ""));
    let expected = params.wallet_dump_magic;
    if magic != expected {
        return Err(format!(
            "Error: Dumpfile identifier record is incorrect. Got \"{magic}\", expected \"{expected}\"."
        ));
    }
    match version.parse::<u32>() {
        Err(_) => {
            return Err(format!(
                "Error: Unable to parse version {version} as a uint32_t"
            ));
        }
        Ok(DUMP_VERSION) => {}
        Ok(_) => {
            return Err(format!(
                "Error: Dumpfile version is not supported. This version of bitcoin-wallet only supports version 1 \
                 dumpfiles. Got dumpfile with version {version}"
            ));
        }
    }
    let (key, format) = second
        .trim_end_matches('\n')
        .split_once(',')
        .unwrap_or((second, ""));
    if key != "format" {
        return Err(format!(
            "Error: Dumpfile format record is incorrect. Got \"{key}\", expected \"format\"."
        ));
    }
    if format != "sqlite" {
        return Err(format!(
            "Error: Dumpfile specifies an unsupported database format ({format}). Only sqlite database dumps are \
             supported"
        ));
    }
    Ok(first.len() + second.len())
}

/// Reads the records behind `body`, and checks the checksum over everything before it.
fn read_records(text: &str, body: usize) -> Result<Batch, String> {
    let mut batch = Batch::default();
    let mut at = body;
    let mut checksum = None;
    for line in text[body..].split_inclusive('\n') {
        let (key, value) = line
            .trim_end_matches('\n')
            .split_once(',')
            .unwrap_or((line, ""));
        if key == "checksum" {
            let bytes: Option<[u8; 32]> = from_hex(value).and_then(|b| b.try_into().ok());
            checksum = Some(bytes.ok_or("Error: Checksum is not the correct size")?);
            break;
        }
        at += line.len();
        if key.is_empty() || value.is_empty() {
            continue;
        }
        let key_bytes =
            from_hex(key).ok_or_else(|| format!("Error: Got key that was not hex: {key}"))?;
        let value_bytes =
            from_hex(value).ok_or_else(|| format!("Error: Got value that was not hex: {value}"))?;
        batch.put(key_bytes, value_bytes);
    }
    let expected = checksum.ok_or("Error: Missing checksum")?;
    let computed = sha256d(&text.as_bytes()[..at]);
    if computed != expected {
        return Err(format!(
            "Error: Dumpfile checksum does not match. Computed {}, expected {}",
            to_hex(&computed),
            to_hex(&expected)
        ));
    }
    Ok(batch)
}
