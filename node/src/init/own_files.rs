//! What the node holds on disk before anything of the chain is opened: locks, log, pid file.

use std::path::Path;

use common::datadir::{self, DirLock, PidFile};
use common::log::{self, LogOptions};
use common::options::{Config, Notice};
use ipc_schema::StartError;

use super::failed;
use crate::settings;

/// Free bytes below which the node does not start.
const MIN_FREE: u64 = 50 << 20;

/// Locks and files that say this process is here.
pub(super) struct OwnFiles {
    _pid: Option<PidFile>,
    _blocks: DirLock,
    _network: DirLock,
}

impl OwnFiles {
    pub(super) fn with_pid(self, pid: Option<PidFile>) -> Self {
        Self { _pid: pid, ..self }
    }
}

/// Locks the directories; whose they are was looked at before.
pub(super) fn own_directories(config: &Config) -> Result<OwnFiles, StartError> {
    let network_dir = config.network_dir();
    let network = DirLock::acquire(&network_dir).map_err(failed)?;
    let blocks_dir = config.blocks_dir().map_err(failed)?;
    datadir::create_private(&blocks_dir).map_err(failed)?;
    let blocks = DirLock::acquire(&blocks_dir).map_err(failed)?;
    check_free_space(&network_dir)?;
    check_free_space(&blocks_dir)?;
    Ok(OwnFiles {
        _pid: None,
        _blocks: blocks,
        _network: network,
    })
}

/// Refuses a start on a disk that is all but full: it would end in the middle of something (Core's `CheckDiskSpace`).
fn check_free_space(dir: &Path) -> Result<(), StartError> {
    match datadir::free_space(dir) {
        Ok(free) if free < MIN_FREE => Err(failed(format!(
            "Disk space is low for \"{}\": {} MiB are free, and {} MiB are needed. Please make room there, or choose \
             another place with -datadir or -blocksdir.",
            dir.display(),
            free >> 20,
            MIN_FREE >> 20
        ))),
        // A disk that does not tell is no reason to stop.
        _ => Ok(()),
    }
}

pub(super) fn start_log(
    config: &mut Config,
    lines: &[String],
    warnings: &[String],
) -> Result<(), StartError> {
    let logger = log::install().map_err(failed)?;
    let options = LogOptions::from_config(config)
        .map_err(|error| failed(settings::with_place(config, &error.to_string())))?;
    logger.start(&options).map_err(failed)?;
    tracing::info!(
        "{} version v{} ({} {})",
        common::CLIENT_NAME,
        common::VERSION,
        config.params().coin,
        config.params().network
    );
    for notice in config.take_notices() {
        match notice {
            Notice::Info(text) => tracing::info!("{text}"),
            Notice::Warning(text) => tracing::warn!("{text}"),
            Notice::Stderr(text) => warn_user(&text),
        }
    }
    for line in lines
        .iter()
        .chain(&config.chain_warning())
        .chain(&config.place_lines())
        .chain(&config.log_lines())
    {
        tracing::info!("{line}");
    }
    for line in &config.inert_lines() {
        tracing::warn!("{line}");
    }
    for warning in warnings {
        tracing::warn!("{warning}");
        warn_user(&format!("Warning: {warning}"));
    }
    Ok(())
}

/// Shows a warning of the start to whoever started the program.
pub(crate) fn warn_user(text: &str) {
    use std::io::Write as _;
    // A closed standard error leaves nowhere to say anything.
    let _ = writeln!(std::io::stderr(), "{text}");
}

pub(super) fn pid_file(config: &Config) -> Result<Option<PidFile>, StartError> {
    if config.is_negated("pid") {
        return Ok(None);
    }
    let network_dir = config.network_dir();
    let path = config
        .path_in("pid", &network_dir)
        .unwrap_or_else(|| network_dir.join(config.params().pid_file));
    PidFile::create(&path).map(Some).map_err(failed)
}
