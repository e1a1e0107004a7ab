//! Leaves, branches and outputs of taproot (BIP341), the same on every chain.

use std::sync::LazyLock;

use primitives::encode::Sink;
use primitives::hash_scheme::TaggedHasher;
use secp256k1::{Parity, Scalar};

use super::known_keys::x_only_key;

/// First byte of an annex.
pub const ANNEX_TAG: u8 = 0x50;
/// The bits of a control block's first byte that hold the leaf version.
pub const TAPROOT_LEAF_MASK: u8 = 0xfe;
/// The leaf version of tapscript (BIP342).
pub const TAPROOT_LEAF_TAPSCRIPT: u8 = 0xc0;
/// Bytes of a control block without a path.
pub const TAPROOT_CONTROL_BASE_SIZE: usize = 33;
/// Longest path in a control block, in nodes of 32 bytes.
pub const TAPROOT_CONTROL_MAX_NODES: usize = 128;

static TAP_LEAF: LazyLock<TaggedHasher> = LazyLock::new(|| TaggedHasher::new("TapLeaf"));
static TAP_BRANCH: LazyLock<TaggedHasher> = LazyLock::new(|| TaggedHasher::new("TapBranch"));
static TAP_TWEAK: LazyLock<TaggedHasher> = LazyLock::new(|| TaggedHasher::new("TapTweak"));

/// The hash of a leaf.
pub fn tap_leaf_hash(leaf_version: u8, script: &[u8]) -> [u8; 32] {
    let mut head = Vec::with_capacity(10);
    head.put_u8(leaf_version);
    head.put_compact_size(script.len() as u64);
    let mut hasher = TAP_LEAF.clone();
    hasher.update(&head);
    hasher.update(script);
    hasher.finalize()
}

/// The hash of a branch, whose two halves are sorted.
pub fn tap_branch_hash(a: &[u8; 32], b: &[u8; 32]) -> [u8; 32] {
    let (low, high) = if a < b { (a, b) } else { (b, a) };
    let mut hasher = TAP_BRANCH.clone();
    hasher.update(low);
    hasher.update(high);
    hasher.finalize()
}

/// The root that a control block's path leads to from a leaf.
pub fn taproot_merkle_root(control: &[u8], leaf_hash: [u8; 32]) -> [u8; 32] {
    let path = control.get(TAPROOT_CONTROL_BASE_SIZE..).unwrap_or_default();
    let (nodes, _rest) = path.as_chunks::<32>();
    nodes
        .iter()
        .fold(leaf_hash, |hash, node| tap_branch_hash(&hash, node))
}

/// Whether an output key commits to the leaf by the control block's inner key and path.
pub fn verify_taproot_commitment(
    control: &[u8],
    output_key: &[u8; 32],
    leaf_hash: [u8; 32],
) -> bool {
    let [first, inner @ ..] = control else {
        return false;
    };
    let Some(inner) = inner.first_chunk::<32>() else {
        return false;
    };
    let root = taproot_merkle_root(control, leaf_hash);
    let mut hasher = TAP_TWEAK.clone();
    hasher.update(inner);
    hasher.update(&root);
    let Ok(tweak) = Scalar::from_be_bytes(hasher.finalize()) else {
        return false;
    };
    let keys = (x_only_key(inner), x_only_key(output_key));
    let (Some(inner), Some(output)) = keys else {
        return false;
    };
    let parity = if first & 1 == 0 {
        Parity::Even
    } else {
        Parity::Odd
    };
    inner.tweak_add_check(&output, parity, tweak)
}

/// Whether an opcode makes a tapscript succeed at once (BIP342).
pub const fn is_op_success(opcode: u8) -> bool {
    matches!(
        opcode,
        80 | 98
            | 126..=129
            | 131..=134
            | 137..=138
            | 141..=142
            | 149..=153
            | 187..=254
    )
}
