//! What every process needs before it does anything of its own.
//!
//! - [`options`]: the one option table, the command line, the configuration file, `settings.json`
//!   and the resolved [`options::Config`];
//! - [`datadir`]: where files live, directory locks, cookie and pid file, foreign directories;
//! - [`log`]: `debug.log` in the layout that outside tools read;
//! - [`stop`]: the one stop signal of a process.

pub mod datadir;
pub mod log;
pub mod options;
pub mod stop;

/// Name of the whole product as it stands in messages, `settings.json` and the user agent.
pub const CLIENT_NAME: &str = "bitq";

/// Version of the product, as Cargo knows it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
