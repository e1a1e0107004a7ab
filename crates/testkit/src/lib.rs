//! What tests of several crates share: the vectors, and real processes under test. Only ever a dev-dependency.

pub mod process;
mod vectors;

pub use vectors::{
    ChainVectors, chain_vectors, chains_dir, core_vectors, from_hex, load_json, to_hex, vectors_dir,
};
