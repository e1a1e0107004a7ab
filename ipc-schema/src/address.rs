//! `-ipcbind` and `-ipcconnect` addresses, in Core's words (ipc.md 4.1 and 4.2).

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use crate::types::Role;

/// Longest path of a socket, in bytes.
pub const MAX_PATH: usize = 107;
/// The system's words for an address at which somebody sits already.
pub(crate) const IN_USE: &str = "Address already in use";
/// Connections a listener takes at once unless told otherwise.
const DEFAULT_MAX: u32 = 64;
/// Owner only, as Core's sockets are.
const DEFAULT_MODE: u32 = 0o700;

/// Where to listen, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BindAddress {
    /// The socket's full path.
    pub path: PathBuf,
    /// What its clients may do.
    pub role: Role,
    /// File mode.
    pub mode: u32,
    /// Group of the file, by name or number; its members may connect.
    pub group: Option<String>,
    /// Connections at once.
    pub max: u32,
    /// Seconds after which a client that holds everything up is dropped; `None` for the usual time.
    pub stall: Option<u32>,
}

impl BindAddress {
    /// A listener with all rights for the owner alone.
    pub fn owner_only(path: PathBuf) -> Self {
        Self {
            path,
            role: Role::Full,
            mode: DEFAULT_MODE,
            group: None,
            max: DEFAULT_MAX,
            stall: None,
        }
    }

    /// `unix:<full path>`, as in the log.
    pub fn canonical(&self) -> String {
        format!("unix:{}", self.path.display())
    }
}

/// Whereto `-ipcconnect` leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectAddress {
    /// `auto`: this socket if somebody is there, otherwise go on without.
    Auto(PathBuf),
    /// This socket or an error.
    Socket(PathBuf),
    /// Not at all.
    Never,
}

/// Reads an `-ipcbind` value. `directory` is the network's data directory, to which relative
/// paths belong, `program` the listening program's name (`bitq-node` gives `node.sock`).
///
/// # Errors
/// The whole start-up error, without `Error: `.
pub fn parse_bind(text: &str, directory: &Path, program: &str) -> Result<BindAddress, String> {
    let (address, options) = split_options(text);
    let Some(path) = unix_path(&address, directory, program) else {
        return Err(bind_error(text, &format!("Unrecognized address '{text}'")));
    };
    let mut bind = BindAddress::owner_only(path);
    check_length(&bind.path).map_err(|reason| bind_error(&bind.canonical(), &reason))?;
    for option in options {
        apply(&mut bind, &option).map_err(|reason| bind_error(&bind.canonical(), &reason))?;
    }
    Ok(bind)
}

/// The start-up error for an address that cannot be bound.
pub(crate) fn bind_error(address: &str, reason: &str) -> String {
    format!("Unable to bind to IPC address '{address}'. {reason}")
}

/// Reads an `-ipcconnect` value; an option without value is `auto`.
///
/// # Errors
/// Core's text for an address that is none, or too long.
pub fn parse_connect(
    text: &str,
    directory: &Path,
    program: &str,
) -> Result<ConnectAddress, String> {
    match text {
        "0" => Ok(ConnectAddress::Never),
        "" | "1" | "auto" => Ok(ConnectAddress::Auto(default_path(directory, program))),
        _ => {
            let path = unix_path(text, directory, program)
                .ok_or_else(|| format!("Unrecognized address '{text}'"))?;
            check_length(&path)?;
            Ok(ConnectAddress::Socket(path))
        }
    }
}

/// `<directory>/wallet.sock`, or a place under `$XDG_RUNTIME_DIR` where that is too long.
///
/// # Errors
/// Core's text for a path that is too long, where there is no other place.
pub fn wallet_socket_path(directory: &Path) -> Result<PathBuf, String> {
    let usual = directory.join("wallet.sock");
    let Err(too_long) = check_length(&usual) else {
        return Ok(usual);
    };
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").ok_or_else(|| too_long.clone())?;
    let other = Path::new(&runtime).join(format!("bitq-wallet-{}.sock", std::process::id()));
    check_length(&other).map_err(|_| too_long)?;
    Ok(other)
}

/// Core's error where a path does not fit into a socket address.
pub(crate) fn check_length(path: &Path) -> Result<(), String> {
    if path.as_os_str().as_bytes().len() > MAX_PATH {
        let shown = path.display();
        return Err(format!(
            "Unix address path \"{shown}\" exceeded maximum socket path length"
        ));
    }
    Ok(())
}

fn default_path(directory: &Path, program: &str) -> PathBuf {
    let name = program.strip_prefix("bitq-").unwrap_or(program);
    directory.join(format!("{name}.sock"))
}

fn unix_path(address: &str, directory: &Path, program: &str) -> Option<PathBuf> {
    match address {
        "unix" | "unix:" => Some(default_path(directory, program)),
        _ => address
            .strip_prefix("unix:")
            .map(|path| directory.join(path)),
    }
}

/// Cuts at commas; `\,` is a comma of the path.
fn split_options(text: &str) -> (String, Vec<String>) {
    let mut parts = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let last = parts.len() - 1;
        match character {
            '\\' if characters.peek() == Some(&',') => {
                characters.next();
                parts[last].push(',');
            }
            ',' => parts.push(String::new()),
            other => parts[last].push(other),
        }
    }
    let address = parts.remove(0);
    (address, parts)
}

fn apply(bind: &mut BindAddress, option: &str) -> Result<(), String> {
    let invalid =
        || format!("Invalid option '{option}': role=, mode=, group=, max= and stall= are known");
    let (name, value) = option.split_once('=').ok_or_else(invalid)?;
    match name {
        "role" => {
            bind.role = match value {
                "full" => Role::Full,
                "mining" => Role::Mining,
                "read" => Role::Read,
                _ => match value.strip_prefix("rpc:") {
                    Some(user) if !user.is_empty() => Role::Rpc(user.to_owned()),
                    _ => {
                        return Err(format!(
                            "Unknown role '{value}': full, mining, read and rpc:<user> are known"
                        ));
                    }
                },
            };
        }
        "mode" => {
            bind.mode = u32::from_str_radix(value, 8)
                .ok()
                .filter(|mode| *mode <= 0o777)
                .ok_or_else(|| format!("Invalid mode '{value}': an octal number such as 0660"))?;
        }
        "group" if !value.is_empty() => bind.group = Some(value.to_owned()),
        "max" => {
            bind.max = value
                .parse()
                .ok()
                .filter(|max| *max > 0)
                .ok_or_else(|| format!("Invalid max '{value}': a number of connections"))?;
        }
        "stall" => {
            let seconds = value.parse().ok().filter(|seconds| *seconds > 0);
            bind.stall = Some(
                seconds.ok_or_else(|| format!("Invalid stall '{value}': a number of seconds"))?,
            );
        }
        _ => return Err(invalid()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIR: &str = "/data/regtest";

    /// The parsed address as one line, or the error.
    fn check(text: &str) -> String {
        match parse_bind(text, Path::new(DIR), "bitq-node") {
            Ok(a) => {
                format!(
                    "{} {:?} {:o} {:?} {}",
                    a.canonical(),
                    a.role,
                    a.mode,
                    a.group,
                    a.max
                )
            }
            Err(error) => error,
        }
    }

    #[test]
    fn core_forms() {
        let plain = "Full 700 None 64";
        assert_eq!(check("unix"), format!("unix:{DIR}/node.sock {plain}"));
        assert_eq!(check("unix:"), format!("unix:{DIR}/node.sock {plain}"));
        assert_eq!(
            check("unix:/run/x.sock"),
            format!("unix:/run/x.sock {plain}")
        );
        assert_eq!(
            check("unix:sub/x.sock"),
            format!("unix:{DIR}/sub/x.sock {plain}")
        );
    }

    #[test]
    fn options_follow_commas() {
        assert_eq!(
            check(r"unix:/run/a\,b.sock,role=read,mode=0660,group=g,max=8"),
            r#"unix:/run/a,b.sock Read 660 Some("g") 8"#
        );
        assert_eq!(
            check("unix:/run/a,role=rpc:bob"),
            r#"unix:/run/a Rpc("bob") 700 None 64"#
        );
        assert!(
            check("unix:/a,role=king")
                .ends_with("Unknown role 'king': full, mining, read and rpc:<user> are known")
        );
        assert!(check("unix:/a,mode=9").contains("Invalid mode '9'"));
        assert!(check("unix:/a,max=0").contains("Invalid max '0'"));
        assert!(check("unix:/a,stall=0").contains("Invalid stall '0'"));
        assert!(check("unix:/a,what").contains("Invalid option 'what'"));
    }

    #[test]
    fn errors_in_cores_words() {
        assert_eq!(
            check("tcp:1"),
            "Unable to bind to IPC address 'tcp:1'. Unrecognized address 'tcp:1'"
        );
        assert_eq!(
            check(""),
            "Unable to bind to IPC address ''. Unrecognized address ''"
        );
        let longest = format!("/{}", "x".repeat(MAX_PATH - 1));
        assert!(check(&format!("unix:{longest}")).starts_with("unix:/xx"));
        assert_eq!(
            check(&format!("unix:{longest}y")),
            format!(
                "Unable to bind to IPC address 'unix:{longest}y'. Unix address path \
                 \"{longest}y\" exceeded maximum socket path length"
            )
        );
    }

    #[test]
    fn connect_forms() {
        let check = |text: &str| parse_connect(text, Path::new(DIR), "bitq-node");
        let node = PathBuf::from(DIR).join("node.sock");
        assert_eq!(check("auto"), Ok(ConnectAddress::Auto(node.clone())));
        assert_eq!(check("unix"), Ok(ConnectAddress::Socket(node)));
        assert_eq!(check("0"), Ok(ConnectAddress::Never));
        assert_eq!(check("x").unwrap_err(), "Unrecognized address 'x'");
    }
}
