//! Names of programs in messages.

use common::CLIENT_NAME;
use primitives::ChainParams;

/// What the programs of a coin are called by those who know its reference node, and the hint that ours are not.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    /// The server.
    pub(crate) server: String,
    /// The node with a socket.
    pub(crate) node: String,
    /// The command line client.
    pub(crate) client: String,
    /// A line with our own names, empty where this program is reached under the reference name.
    pub(crate) hint: String,
}

impl Names {
    /// The names for a chain; `program` is the name this program was started by.
    ///
    /// Outside tools compare the messages that these stand in.
    pub(crate) fn of(params: &ChainParams, program: &str) -> Self {
        let server = params.pid_file.trim_end_matches(".pid");
        let stem = params.conf_file.trim_end_matches(".conf");
        let hint = match program.starts_with(CLIENT_NAME) {
            true => format!(
                "\n(The programs of {CLIENT_NAME} are {CLIENT_NAME}d or {CLIENT_NAME}-node, and {program}.)"
            ),
            false => String::new(),
        };
        Self {
            server: server.to_owned(),
            node: format!("{stem}-node"),
            client: format!("{stem}-cli"),
            hint,
        }
    }
}
