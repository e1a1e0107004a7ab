//! Why a script failed.

/// Why a script failed: one variant for each of Core's `SCRIPT_ERR_*`, shown with the sentence
/// that Core has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ScriptError {
    /// Nothing, or false, is left on the stack.
    #[error("Script evaluated without error but finished with a false/empty top stack element")]
    EvalFalse,
    /// `OP_RETURN` ran.
    #[error("OP_RETURN was encountered")]
    OpReturn,
    /// A number is too long or has a shorter form.
    #[error("Script number overflowed or is non-minimally encoded")]
    Scriptnum,
    /// The script has more than 10,000 bytes.
    #[error("Script is too big")]
    ScriptSize,
    /// An element has more than 520 bytes.
    #[error("Push value size limit exceeded")]
    PushSize,
    /// More than 201 operations.
    #[error("Operation limit exceeded")]
    OpCount,
    /// More than 1,000 elements.
    #[error("Stack size limit exceeded")]
    StackSize,
    /// A multisig wants a negative number of signatures, or more than it has keys.
    #[error("Signature count negative or greater than pubkey count")]
    SigCount,
    /// A multisig has a negative number of keys, or more than 20.
    #[error("Pubkey count negative or limit exceeded")]
    PubkeyCount,
    /// `OP_VERIFY` met false.
    #[error("Script failed an OP_VERIFY operation")]
    Verify,
    /// `OP_EQUALVERIFY` met different elements.
    #[error("Script failed an OP_EQUALVERIFY operation")]
    Equalverify,
    /// `OP_CHECKMULTISIGVERIFY` found too few valid signatures.
    #[error("Script failed an OP_CHECKMULTISIGVERIFY operation")]
    Checkmultisigverify,
    /// `OP_CHECKSIGVERIFY` met an invalid signature.
    #[error("Script failed an OP_CHECKSIGVERIFY operation")]
    Checksigverify,
    /// `OP_NUMEQUALVERIFY` met different numbers.
    #[error("Script failed an OP_NUMEQUALVERIFY operation")]
    Numequalverify,
    /// An opcode without a meaning ran, or a push goes past the end.
    #[error("Opcode missing or not understood")]
    BadOpcode,
    /// The script holds one of the opcodes that were switched off (CVE-2010-5137).
    #[error("Attempted to use a disabled opcode")]
    DisabledOpcode,
    /// An operation needs more elements than there are.
    #[error("Operation not valid with the current stack size")]
    InvalidStackOperation,
    /// `OP_FROMALTSTACK` on an empty stack.
    #[error("Operation not valid with the current altstack size")]
    InvalidAltstackOperation,
    /// `OP_IF`, `OP_ELSE` and `OP_ENDIF` do not match.
    #[error("Invalid OP_IF construction")]
    UnbalancedConditional,
    /// A lock time is below zero.
    #[error("Negative locktime")]
    NegativeLocktime,
    /// A lock time is not reached.
    #[error("Locktime requirement not satisfied")]
    UnsatisfiedLocktime,
    /// A signature has a hash type without a meaning.
    #[error("Signature hash type missing or not understood")]
    SigHashtype,
    /// A signature is not strict DER.
    #[error("Non-canonical DER signature")]
    SigDer,
    /// A push has a shorter form.
    #[error("Data push larger than necessary")]
    Minimaldata,
    /// An input script does more than push.
    #[error("Only push operators allowed in signatures")]
    SigPushonly,
    /// The S value of a signature is in the upper half.
    #[error("Non-canonical signature: S value is unnecessarily high")]
    SigHighS,
    /// The extra element of `OP_CHECKMULTISIG` is not empty.
    #[error("Dummy CHECKMULTISIG argument must be zero")]
    SigNulldummy,
    /// A key has an unknown form.
    #[error("Public key is neither compressed or uncompressed")]
    Pubkeytype,
    /// Not exactly one element is left.
    #[error("Stack size must be exactly one after execution")]
    Cleanstack,
    /// A condition is neither empty nor one.
    #[error("OP_IF/NOTIF argument must be minimal")]
    Minimalif,
    /// A failing signature is not empty.
    #[error("Signature must be zero for failed CHECK(MULTI)SIG operation")]
    SigNullfail,
    /// A no-operation kept for upgrades ran.
    #[error("NOPx reserved for soft-fork upgrades")]
    DiscourageUpgradableNops,
    /// A witness version kept for upgrades is used.
    #[error("Witness version reserved for soft-fork upgrades")]
    DiscourageUpgradableWitnessProgram,
    /// A leaf version kept for upgrades is used.
    #[error("Taproot version reserved for soft-fork upgrades")]
    DiscourageUpgradableTaprootVersion,
    /// An opcode kept for upgrades is in a tapscript.
    #[error("OP_SUCCESSx reserved for soft-fork upgrades")]
    DiscourageOpSuccess,
    /// A kind of key kept for upgrades is in a tapscript.
    #[error("Public key version reserved for soft-fork upgrades")]
    DiscourageUpgradablePubkeytype,
    /// A version 0 program has neither 20 nor 32 bytes.
    #[error("Witness program has incorrect length")]
    WitnessProgramWrongLength,
    /// A witness program has no witness.
    #[error("Witness program was passed an empty witness")]
    WitnessProgramWitnessEmpty,
    /// What the witness reveals does not fit the program.
    #[error("Witness program hash mismatch")]
    WitnessProgramMismatch,
    /// A witness program is spent with an input script.
    #[error("Witness requires empty scriptSig")]
    WitnessMalleated,
    /// A wrapped witness program is spent with more than its script.
    #[error("Witness requires only-redeemscript scriptSig")]
    WitnessMalleatedP2sh,
    /// There is a witness where none is used.
    #[error("Witness provided for non-witness script")]
    WitnessUnexpected,
    /// A key in witness version 0 is not compressed.
    #[error("Using non-compressed keys in segwit")]
    WitnessPubkeytype,
    /// A Schnorr signature has neither 64 nor 65 bytes.
    #[error("Invalid Schnorr signature size")]
    SchnorrSigSize,
    /// A Schnorr signature has a hash type without a meaning.
    #[error("Invalid Schnorr signature hash type")]
    SchnorrSigHashtype,
    /// A Schnorr signature is invalid.
    #[error("Invalid Schnorr signature")]
    SchnorrSig,
    /// A control block has a wrong length.
    #[error("Invalid Taproot control block size")]
    TaprootWrongControlSize,
    /// More signatures than the weight of the witness pays for.
    #[error("Too much signature validation relative to witness weight")]
    TapscriptValidationWeight,
    /// `OP_CHECKMULTISIG` ran in tapscript.
    #[error("OP_CHECKMULTISIG(VERIFY) is not available in tapscript")]
    TapscriptCheckmultisig,
    /// A condition in tapscript is neither empty nor one.
    #[error("OP_IF/NOTIF argument must be minimal in tapscript")]
    TapscriptMinimalif,
    /// An empty key in tapscript.
    #[error("Empty public key in tapscript")]
    TapscriptEmptyPubkey,
    /// `OP_CODESEPARATOR` outside segwit.
    #[error("Using OP_CODESEPARATOR in non-witness script")]
    OpCodeseparator,
    /// A signature stands in the script that it covers.
    #[error("Signature is found in scriptCode")]
    SigFindanddelete,
}

impl ScriptError {
    /// Core's name, without `SCRIPT_ERR_`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EvalFalse => "EVAL_FALSE",
            Self::OpReturn => "OP_RETURN",
            Self::Scriptnum => "SCRIPTNUM",
            Self::ScriptSize => "SCRIPT_SIZE",
            Self::PushSize => "PUSH_SIZE",
            Self::OpCount => "OP_COUNT",
            Self::StackSize => "STACK_SIZE",
            Self::SigCount => "SIG_COUNT",
            Self::PubkeyCount => "PUBKEY_COUNT",
            Self::Verify => "VERIFY",
            Self::Equalverify => "EQUALVERIFY",
            Self::Checkmultisigverify => "CHECKMULTISIGVERIFY",
            Self::Checksigverify => "CHECKSIGVERIFY",
            Self::Numequalverify => "NUMEQUALVERIFY",
            Self::BadOpcode => "BAD_OPCODE",
            Self::DisabledOpcode => "DISABLED_OPCODE",
            Self::InvalidStackOperation => "INVALID_STACK_OPERATION",
            Self::InvalidAltstackOperation => "INVALID_ALTSTACK_OPERATION",
            Self::UnbalancedConditional => "UNBALANCED_CONDITIONAL",
            Self::NegativeLocktime => "NEGATIVE_LOCKTIME",
            Self::UnsatisfiedLocktime => "UNSATISFIED_LOCKTIME",
            Self::SigHashtype => "SIG_HASHTYPE",
            Self::SigDer => "SIG_DER",
            Self::Minimaldata => "MINIMALDATA",
            Self::SigPushonly => "SIG_PUSHONLY",
            Self::SigHighS => "SIG_HIGH_S",
            Self::SigNulldummy => "SIG_NULLDUMMY",
            Self::Pubkeytype => "PUBKEYTYPE",
            Self::Cleanstack => "CLEANSTACK",
            Self::Minimalif => "MINIMALIF",
            Self::SigNullfail => "SIG_NULLFAIL",
            Self::DiscourageUpgradableNops => "DISCOURAGE_UPGRADABLE_NOPS",
            Self::DiscourageUpgradableWitnessProgram => "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM",
            Self::DiscourageUpgradableTaprootVersion => "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION",
            Self::DiscourageOpSuccess => "DISCOURAGE_OP_SUCCESS",
            Self::DiscourageUpgradablePubkeytype => "DISCOURAGE_UPGRADABLE_PUBKEYTYPE",
            Self::WitnessProgramWrongLength => "WITNESS_PROGRAM_WRONG_LENGTH",
            Self::WitnessProgramWitnessEmpty => "WITNESS_PROGRAM_WITNESS_EMPTY",
            Self::WitnessProgramMismatch => "WITNESS_PROGRAM_MISMATCH",
            Self::WitnessMalleated => "WITNESS_MALLEATED",
            Self::WitnessMalleatedP2sh => "WITNESS_MALLEATED_P2SH",
            Self::WitnessUnexpected => "WITNESS_UNEXPECTED",
            Self::WitnessPubkeytype => "WITNESS_PUBKEYTYPE",
            Self::SchnorrSigSize => "SCHNORR_SIG_SIZE",
            Self::SchnorrSigHashtype => "SCHNORR_SIG_HASHTYPE",
            Self::SchnorrSig => "SCHNORR_SIG",
            Self::TaprootWrongControlSize => "TAPROOT_WRONG_CONTROL_SIZE",
            Self::TapscriptValidationWeight => "TAPSCRIPT_VALIDATION_WEIGHT",
            Self::TapscriptCheckmultisig => "TAPSCRIPT_CHECKMULTISIG",
            Self::TapscriptMinimalif => "TAPSCRIPT_MINIMALIF",
            Self::TapscriptEmptyPubkey => "TAPSCRIPT_EMPTY_PUBKEY",
            Self::OpCodeseparator => "OP_CODESEPARATOR",
            Self::SigFindanddelete => "SIG_FINDANDDELETE",
        }
    }
}
