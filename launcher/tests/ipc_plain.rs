//! A real node's socket, as other programs meet it: with a plain Cap'n Proto client and nothing of bitq's own.

#[path = "plain/client.rs"]
mod client;
#[path = "plain/generated.rs"]
mod generated;
#[path = "plain/init.rs"]
mod init;
#[path = "plain/rude.rs"]
mod rude;
#[path = "common/window.rs"]
mod window;
