//! The greeting: who is on the other side, and what it may do.

use primitives::BlockHash;

use super::{Fault, FaultCode};

/// The version of the interfaces in `bitq.capnp`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProtocolVersion {
    /// Differs: the two programs do not understand each other.
    pub major: u16,
    /// May differ: the newer one knows more methods and fields.
    pub minor: u16,
}

/// What this build speaks.
pub const PROTOCOL: ProtocolVersion = ProtocolVersion { major: 1, minor: 0 };

/// What a connection may do; granted by the listener, never chosen by the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Everything, Core's meaning of a socket.
    #[default]
    Full,
    /// Core's `Mining` alone.
    Mining,
    /// The read-only view.
    Read,
    /// Core's `Rpc` alone, as this `-rpcwhitelist` user.
    Rpc(String),
}

/// How a program describes itself; the same in both directions of the greeting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The interfaces it speaks.
    pub protocol: ProtocolVersion,
    /// `bitq-node`, `bitq-wallet`, `bitq-gui`, `bitq-cli`, `bitqd`.
    pub program: String,
    /// Program version as shown to people.
    pub build: String,
    /// Coin name as in `-coin`, empty where it is not decided yet.
    pub coin: String,
    /// Network name as in `-chain`, empty where it is not decided yet.
    pub network: String,
    /// Genesis block, zero where it is not decided yet.
    pub genesis: BlockHash,
    /// Feature bits; none are given out yet.
    pub features: u64,
    /// Process number.
    pub pid: u32,
    /// When the program started.
    pub started: i64,
}

/// What a client says first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// Who it is. Empty coin, network and genesis mean "any" (a window that looks around).
    pub identity: Identity,
    /// The role it would like; it gets at most the listener's.
    pub role: Role,
}

/// Bytes of one message between programs that chose each other: parent and child, and a client that reads its server's
/// answers. What HTTP takes fits in, and so does nearly every reply.
pub const LARGE_MESSAGE: u64 = 448 << 20;

/// Limits of a connection (ipc.md 7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls in flight.
    pub calls: u32,
    /// Bytes of answers that were not read yet.
    pub unread_bytes: u64,
    /// Bytes of one message.
    pub message_bytes: u64,
    /// Workers that `makeThread` and `makePool` give out.
    pub workers: u32,
    /// Seconds without progress at a limit until the connection is closed.
    pub stall_seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            calls: 1024,
            unread_bytes: 16 << 20,
            message_bytes: 16 << 20,
            workers: 256,
            stall_seconds: 30,
        }
    }
}

/// The answer to a [`Hello`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Session {
    /// Who answers.
    pub identity: Identity,
    /// What was granted.
    pub role: Role,
    /// Names this connection in logs of both sides.
    pub session: String,
    /// What the connection may use.
    pub limits: Limits,
}

impl Identity {
    /// Compares with who calls or answers.
    ///
    /// # Errors
    /// [`FaultCode::Mismatch`] with a sentence that names both sides, when the protocol's major
    /// number, the coin, the network or the genesis block differ. What either side left open is
    /// not compared.
    pub fn check(&self, other: &Self) -> Result<(), Fault> {
        let mismatch = |what: &str, ours: &str, theirs: &str| {
            let (us, them) = (&self.program, &other.program);
            Err(Fault::new(
                FaultCode::Mismatch,
                format!(
                    "{us} and {them} do not fit together: {us} has {what} {ours}, {them} has {what} {theirs}."
                ),
            ))
        };
        if self.protocol.major != other.protocol.major {
            let text = |id: &Self| {
                format!(
                    "{}.{} (version {})",
                    id.protocol.major, id.protocol.minor, id.build
                )
            };
            return mismatch("IPC protocol", &text(self), &text(other));
        }
        if !self.coin.is_empty() && !other.coin.is_empty() && self.coin != other.coin {
            return mismatch("coin", &self.coin, &other.coin);
        }
        if !self.network.is_empty() && !other.network.is_empty() && self.network != other.network {
            return mismatch("network", &self.network, &other.network);
        }
        if !self.genesis.is_zero() && !other.genesis.is_zero() && self.genesis != other.genesis {
            return mismatch(
                "genesis block",
                &self.genesis.to_string(),
                &other.genesis.to_string(),
            );
        }
        Ok(())
    }
}
