//! Where the server listens, and from where it may be called (`-rpcbind`, `-rpcport`, `-rpcallowip`).

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpSocket};

/// A range of addresses that share their first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    address: IpAddr,
    /// One bit for each bit that must agree.
    mask: u128,
}

/// A text that is no address and no subnet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Invalid -rpcallowip subnet specification: {0}. Valid values are a single IP (e.g. 1.2.3.4), a \
     network/netmask (e.g. 1.2.3.4/255.255.255.0), a network/CIDR (e.g. 1.2.3.4/24), all ipv4 \
     (0.0.0.0/0), or all ipv6 (::/0). RFC4193 is allowed only if -cjdnsreachable=0."
)]
pub struct BadSubnet(String);

impl Subnet {
    /// The addresses that may always call: those of this machine.
    pub fn local() -> Vec<Self> {
        let v4 = Self {
            address: Ipv4Addr::LOCALHOST.into(),
            mask: prefix_mask(8, 32),
        };
        let v6 = Self {
            address: Ipv6Addr::LOCALHOST.into(),
            mask: prefix_mask(128, 128),
        };
        vec![v4, v6]
    }

    /// Whether `address` lies in it. An IPv4 address wrapped in IPv6 counts as what it wraps.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.address.is_ipv4() == address.is_ipv4()
            && (bits(self.address) ^ bits(address)) & self.mask == 0
    }
}

/// The address in the low bits of a number.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u128::from(u32::from(v4)),
        IpAddr::V6(v6) => u128::from(v6),
    }
}

fn prefix_mask(length: u32, width: u32) -> u128 {
    let all = if width == 128 {
        u128::MAX
    } else {
        (1 << width) - 1
    };
    let host = width - length;
    if host == 128 { 0 } else { all >> host << host }
}

impl FromStr for Subnet {
    type Err = BadSubnet;

    fn from_str(text: &str) -> Result<Self, BadSubnet> {
        let bad = || BadSubnet(text.to_owned());
        let (address, suffix) = match text.split_once('/') {
            Some((address, suffix)) => (address, Some(suffix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let mask = match suffix {
            None => prefix_mask(width, width),
            Some(suffix) => match (suffix.parse::<u32>(), suffix.parse::<IpAddr>()) {
                (Ok(length), _) if length <= width && suffix.len() <= 3 => {
                    prefix_mask(length, width)
                }
                (Err(_), Ok(mask)) if mask.is_ipv4() == address.is_ipv4() => {
                    let length = (bits(mask) << (128 - width)).leading_ones();
                    let contiguous = prefix_mask(length, width);
                    if contiguous != bits(mask) {
                        return Err(bad());
                    }
                    contiguous
                }
                _ => return Err(bad()),
            },
        };
        Ok(Self { address, mask })
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.mask.count_ones();
        write!(formatter, "{}/{length}", self.address)
    }
}

/// A value of `-rpcbind` with a port that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid port specified in -rpcbind: '{0}'")]
pub struct BadPort(String);

/// The hosts and ports to listen on.
///
/// Without both `-rpcbind` and `-rpcallowip` only this machine can call, whatever either says.
///
/// # Errors
/// For a value of `-rpcbind` whose port is no port.
pub fn endpoints(
    bind: &[String],
    allow: &[String],
    port: u16,
) -> Result<Vec<(String, u16)>, BadPort> {
    if !bind.is_empty() && !allow.is_empty() {
        return bind
            .iter()
            .map(|text| split_host_port(text, port))
            .collect();
    }
    if !allow.is_empty() {
        tracing::warn!(
            "Option -rpcallowip was specified without -rpcbind; this doesn't usually make sense"
        );
    }
    if !bind.is_empty() {
        tracing::warn!(
            "Option -rpcbind was ignored because -rpcallowip was not specified, refusing to allow \
             everyone to connect"
        );
    }
    Ok(vec![
        ("::1".to_owned(), port),
        ("127.0.0.1".to_owned(), port),
    ])
}

fn split_host_port(text: &str, default: u16) -> Result<(String, u16), BadPort> {
    let (host, port) = host_and_port(text).ok_or_else(|| BadPort(text.to_owned()))?;
    Ok((host, port.unwrap_or(default)))
}

/// Splits `host`, `host:port`, `[v6]`, `[v6]:port` and a bare IPv6 address; `None` for a port that is none.
pub fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let parse = |port: &str| {
        let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        port.parse::<u16>().ok().filter(|port| digits && *port != 0)
    };
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return match rest.strip_prefix(':') {
            Some(port) => Some((host.to_owned(), Some(parse(port)?))),
            None => Some((host.to_owned(), None)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => Some((host.to_owned(), Some(parse(port)?))),
        _ => Some((text.to_owned(), None)),
    }
}

/// Listens on one address; an IPv6 listener does not take IPv4 calls, so that both can be bound.
///
/// # Errors
/// Where the system refuses.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    if address.is_ipv6() {
        sockopt::set_ipv6_v6only(&socket, true)?;
    }
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

#[cfg(test)]
mod tests;
