//! The fuzz targets.

use libfuzzer_sys::Corpus;

use crate::{bytes, mutate, scripts, seeds};

/// Something that takes bytes from outside, and what must hold for it.
pub(crate) struct Target {
    /// Its name on the command line.
    pub(crate) name: &'static str,
    /// Takes one input; a panic is a finding.
    pub(crate) run: fn(&[u8]) -> Corpus,
    /// The inputs that fuzzing starts from.
    pub(crate) seeds: fn() -> Vec<Vec<u8>>,
    /// A change that knows the input's form.
    pub(crate) mutate: Option<Mutate>,
}

/// Changes the first bytes of a buffer, as many as the second argument says, to at most as many as
/// the third says, and returns how many there are now.
pub(crate) type Mutate = fn(&mut [u8], usize, usize, u32) -> usize;

const fn plain(
    name: &'static str,
    run: fn(&[u8]) -> Corpus,
    seeds: fn() -> Vec<Vec<u8>>,
) -> Target {
    Target {
        name,
        run,
        seeds,
        mutate: None,
    }
}

/// All targets of this build.
pub(crate) const TARGETS: &[Target] = &[
    Target {
        name: "script",
        run: scripts::script,
        seeds: seeds::spends,
        mutate: Some(mutate::script),
    },
    plain("transaction", scripts::transaction, seeds::spends),
    plain("block", bytes::block, seeds::blocks),
    plain("header_chain", bytes::header_chain, seeds::headers),
    plain("block_filter", bytes::block_filter, seeds::filters),
    plain("text", bytes::text, seeds::texts),
    #[cfg(feature = "disk")]
    plain("undo", crate::disk::undo, crate::disk::undo_seeds),
    #[cfg(feature = "disk")]
    plain("coin", crate::disk::coin, crate::disk::coin_seeds),
    #[cfg(feature = "disk")]
    plain(
        "block_file",
        crate::disk::block_file,
        crate::disk::block_file_seeds,
    ),
    #[cfg(feature = "disk")]
    plain(
        "snapshot",
        crate::disk::snapshot,
        crate::disk::snapshot_seeds,
    ),
    #[cfg(feature = "disk")]
    plain(
        "record",
        crate::records::record,
        crate::records::record_seeds,
    ),
    #[cfg(feature = "disk")]
    plain(
        "journal",
        crate::records::journal,
        crate::records::journal_seeds,
    ),
    #[cfg(feature = "disk")]
    plain("store", crate::store::store, crate::store::store_seeds),
    #[cfg(feature = "disk")]
    plain(
        "filter_file",
        crate::records::filter_file,
        crate::records::filter_file_seeds,
    ),
    #[cfg(feature = "disk")]
    plain(
        "mempool_file",
        crate::records::mempool_file,
        crate::records::mempool_file_seeds,
    ),
    #[cfg(feature = "disk")]
    plain(
        "small_file",
        crate::small::small_file,
        crate::small::small_file_seeds,
    ),
    #[cfg(feature = "disk")]
    Target {
        name: "settings",
        run: crate::settings::settings,
        seeds: crate::settings::seeds,
        mutate: Some(crate::settings::mutate),
    },
    #[cfg(feature = "disk")]
    Target {
        name: "wallet",
        run: crate::wallet::records,
        seeds: crate::wallet::record_seeds,
        mutate: Some(crate::wallet::mutate_records),
    },
    #[cfg(feature = "disk")]
    plain(
        "wallet_file",
        crate::wallet::file,
        crate::wallet::file_seeds,
    ),
    #[cfg(feature = "disk")]
    Target {
        name: "wallet_dump",
        run: crate::wallet::dump,
        seeds: crate::wallet::dump_seeds,
        mutate: Some(crate::wallet::mutate_dump),
    },
];
