//! From keys to scripts: private keys, BIP32, descriptors and signing.
//!
//! Nothing here reads files, the network or a clock.

pub mod bip32;
pub mod descriptor;
pub mod message;
pub mod private_key;
pub mod sign;
pub mod univ;

pub use bip32::{Xpriv, Xpub};
pub use descriptor::Descriptor;
pub use private_key::PrivateKey;
pub use sign::SigningKeys;
