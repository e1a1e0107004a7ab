//! Key expressions of descriptors: a key or an extended key with a path, and where it came from.

use primitives::ChainParams;
use primitives::hash::{from_hex, to_hex};
use primitives::script::key_has_valid_size;
use secp256k1::PublicKey;

use super::DescriptorError;
use super::cache::DescriptorCache;
use crate::bip32::{HARDENED, Xpriv, Xpub, format_path, parse_step};
use crate::private_key::PrivateKey;

/// Where a key came from: the root's fingerprint and the steps from there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct KeyOrigin {
    /// First four bytes of the hash of the root key.
    pub fingerprint: [u8; 4],
    /// Steps below the root.
    pub path: Vec<u32>,
}

/// What stands for the index in a key expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wildcard {
    None,
    Plain,
    Hardened,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Root {
    Public(Xpub),
    Private(Xpriv),
}

impl Root {
    fn xpub(&self) -> Xpub {
        match self {
            Self::Public(xpub) => *xpub,
            Self::Private(xpriv) => xpriv.xpub(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum KeySource {
    /// 33 or 65 bytes.
    Public(PublicKey, bool),
    /// 32 bytes: the even key of that x coordinate.
    XOnly(PublicKey),
    Private(PrivateKey),
    Extended {
        root: Root,
        path: Vec<u32>,
        wildcard: Wildcard,
    },
}

/// A key expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyExpr {
    pub(super) origin: Option<KeyOrigin>,
    pub(super) source: KeySource,
    /// Hardened steps are written `'` rather than `h`.
    pub(super) apostrophe: bool,
    /// Position among the key expressions of the descriptor.
    pub(super) position: u32,
}

/// A key made by a key expression at one index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DerivedKey {
    /// The key.
    pub key: PublicKey,
    /// Whether scripts take it in 33 bytes.
    pub compressed: bool,
    /// Where it came from, the key's own fingerprint where nothing is known.
    pub origin: KeyOrigin,
    /// The private key, where the expression or the source had it.
    pub secret: Option<PrivateKey>,
}

impl DerivedKey {
    /// The bytes that stand in scripts outside taproot.
    pub fn bytes(&self) -> Vec<u8> {
        if self.compressed {
            self.key.serialize().to_vec()
        } else {
            self.key.serialize_uncompressed().to_vec()
        }
    }

    /// The 32 bytes that stand in taproot scripts.
    pub fn x_only(&self) -> [u8; 32] {
        self.key.x_only_public_key().0.to_byte_array()
    }
}

/// Where private keys of extended public keys can be found: the wallet's keys while it is unlocked.
pub trait SecretSource {
    /// The extended private key of `xpub`.
    fn extended(&self, xpub: &Xpub) -> Option<Xpriv>;
    /// The private key of a single public key.
    fn single(&self, key: &PublicKey) -> Option<PrivateKey>;
}

/// Knows no private key.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSecrets;

impl SecretSource for NoSecrets {
    fn extended(&self, _: &Xpub) -> Option<Xpriv> {
        None
    }

    fn single(&self, _: &PublicKey) -> Option<PrivateKey> {
        None
    }
}

/// How a descriptor's keys are written.
#[derive(Clone, Copy)]
pub(super) enum TextForm<'a> {
    /// As parsed, private keys replaced by public ones.
    Public,
    /// As `Public`, hardened steps always marked `'`: the form that must never change.
    Compat,
    /// With the private keys that the source knows.
    Private(&'a dyn SecretSource),
    /// Hardened steps moved into the origin.
    Normalized(&'a dyn SecretSource, &'a DescriptorCache),
}

impl KeyExpr {
    pub(super) fn is_range(&self) -> bool {
        matches!(&self.source, KeySource::Extended { wildcard, .. } if *wildcard != Wildcard::None)
    }

    pub(super) fn has_private(&self) -> bool {
        matches!(
            &self.source,
            KeySource::Private(_)
                | KeySource::Extended {
                    root: Root::Private(_),
                    ..
                }
        )
    }

    /// Whether the private key is in the expression or known to `secrets`.
    pub(super) fn has_private_in(&self, secrets: &dyn SecretSource) -> bool {
        match &self.source {
            KeySource::Private(_) => true,
            KeySource::Public(key, _) | KeySource::XOnly(key) => secrets.single(key).is_some(),
            KeySource::Extended { root, .. } => match root {
                Root::Private(_) => true,
                Root::Public(xpub) => secrets.extended(xpub).is_some(),
            },
        }
    }

    pub(super) fn is_compressed(&self) -> bool {
        match &self.source {
            KeySource::Public(_, compressed) => *compressed,
            KeySource::Private(key) => key.compressed,
            KeySource::XOnly(_) | KeySource::Extended { .. } => true,
        }
    }

    /// Extended and single private keys that stand in the text.
    pub(super) fn secrets(&self) -> (Option<Xpriv>, Option<PrivateKey>) {
        match &self.source {
            KeySource::Extended {
                root: Root::Private(xpriv),
                ..
            } => (Some(xpriv.clone()), None),
            KeySource::Private(key) => (None, Some(key.clone())),
            _ => (None, None),
        }
    }

    /// The extended public key that the expression starts from.
    pub(super) fn root_xpub(&self) -> Option<Xpub> {
        match &self.source {
            KeySource::Extended { root, .. } => Some(root.xpub()),
            _ => None,
        }
    }

    fn full_origin(&self, own: [u8; 4], steps: &[u32]) -> KeyOrigin {
        match &self.origin {
            Some(origin) => KeyOrigin {
                fingerprint: origin.fingerprint,
                path: origin.path.iter().chain(steps).copied().collect(),
            },
            None => KeyOrigin {
                fingerprint: own,
                path: steps.to_vec(),
            },
        }
    }

    /// Makes the key at `index`. What is derived through hardened steps is looked for in `known`
    /// and recorded in `fresh`.
    pub(super) fn derive(
        &self,
        index: u32,
        secrets: &dyn SecretSource,
        known: &DescriptorCache,
        fresh: &mut DescriptorCache,
    ) -> Result<DerivedKey, DescriptorError> {
        let single = |key: &PublicKey, compressed: bool, secret: Option<PrivateKey>| {
            let mut derived = DerivedKey {
                key: *key,
                compressed,
                origin: KeyOrigin::default(),
                secret,
            };
            let own = crate::bip32::fingerprint(&derived.bytes());
            derived.origin = self.full_origin(own, &[]);
            derived
        };
        match &self.source {
            KeySource::Public(key, compressed) => Ok(single(key, *compressed, secrets.single(key))),
            KeySource::XOnly(key) => Ok(single(key, true, secrets.single(key))),
            KeySource::Private(private) => Ok(single(
                &private.secret.public_key(),
                private.compressed,
                Some(private.clone()),
            )),
            KeySource::Extended {
                root,
                path,
                wildcard,
            } => {
                let mut steps = path.clone();
                match wildcard {
                    Wildcard::None => {}
                    Wildcard::Plain => steps.push(index),
                    Wildcard::Hardened => steps.push(index | HARDENED),
                }
                let (key, secret) =
                    self.derive_extended(root, path, *wildcard, index, secrets, known, fresh)?;
                Ok(DerivedKey {
                    key: *key.key(),
                    compressed: true,
                    origin: self.full_origin(root.xpub().fingerprint(), &steps),
                    secret: secret.map(|x| PrivateKey::compressed(*x.secret())),
                })
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one expression and its sources"
    )]
    fn derive_extended(
        &self,
        root: &Root,
        path: &[u32],
        wildcard: Wildcard,
        index: u32,
        secrets: &dyn SecretSource,
        known: &DescriptorCache,
        fresh: &mut DescriptorCache,
    ) -> Result<(Xpub, Option<Xpriv>), DescriptorError> {
        let xpriv = match root {
            Root::Private(xpriv) => Some(xpriv.clone()),
            Root::Public(xpub) => secrets.extended(xpub),
        };
        if let Some(xpriv) = xpriv {
            let mut parent = xpriv;
            let mut last_hardened = None;
            for step in path {
                parent = parent.child(*step)?;
                if step & HARDENED != 0 {
                    last_hardened = Some(parent.xpub());
                }
            }
            let last = match wildcard {
                Wildcard::None => parent.clone(),
                Wildcard::Plain => parent.child(index)?,
                Wildcard::Hardened => parent.child(index | HARDENED)?,
            };
            if wildcard == Wildcard::Hardened {
                fresh.derived.insert((self.position, index), last.xpub());
            } else {
                fresh.parents.insert(self.position, parent.xpub());
                if let Some(xpub) = last_hardened {
                    fresh.last_hardened.insert(self.position, xpub);
                }
            }
            return Ok((last.xpub(), Some(last)));
        }
        if let Some(xpub) = known.derived.get(&(self.position, index)) {
            return Ok((*xpub, None));
        }
        if wildcard == Wildcard::Hardened {
            return Err(DescriptorError::NeedsPrivateKey);
        }
        let parent = match known.parents.get(&self.position) {
            Some(parent) => *parent,
            None => root
                .xpub()
                .derive(path)
                .map_err(|_| DescriptorError::NeedsPrivateKey)?,
        };
        // Recorded without a wildcard and without steps, too: Core opens no file that lacks it.
        fresh.parents.insert(self.position, parent);
        if wildcard == Wildcard::Plain {
            return Ok((parent.child(index)?, None));
        }
        Ok((parent, None))
    }

    pub(super) fn to_text(
        &self,
        form: TextForm<'_>,
        params: &ChainParams,
    ) -> Result<String, DescriptorError> {
        if let (
            TextForm::Normalized(secrets, cache),
            KeySource::Extended {
                root,
                path,
                wildcard,
            },
        ) = (form, &self.source)
            && let Some(last) = path.iter().rposition(|step| step & HARDENED != 0)
            && *wildcard != Wildcard::Hardened
        {
            return self.normalized_text(root, path, *wildcard, last, secrets, cache, params);
        }
        let mut text = String::new();
        let apostrophe = match form {
            TextForm::Compat => true,
            TextForm::Normalized(..) => false,
            TextForm::Public | TextForm::Private(_) => self.apostrophe,
        };
        if let Some(origin) = &self.origin {
            text.push_str(&format!(
                "[{}{}]",
                to_hex(&origin.fingerprint),
                format_path(&origin.path, apostrophe)
            ));
        }
        let private = match form {
            TextForm::Private(secrets) => Some(secrets),
            _ => None,
        };
        text.push_str(&self.source_text(private, apostrophe, params));
        Ok(text)
    }

    fn source_text(
        &self,
        private: Option<&dyn SecretSource>,
        apostrophe: bool,
        params: &ChainParams,
    ) -> String {
        match &self.source {
            KeySource::Public(key, compressed) => match private.and_then(|s| s.single(key)) {
                Some(secret) => secret.to_wif(params),
                None if *compressed => to_hex(&key.serialize()),
                None => to_hex(&key.serialize_uncompressed()),
            },
            KeySource::XOnly(key) => match private.and_then(|s| s.single(key)) {
                Some(secret) => secret.to_wif(params),
                None => to_hex(&key.x_only_public_key().0.to_byte_array()),
            },
            KeySource::Private(key) if private.is_some() => key.to_wif(params),
            KeySource::Private(key) => to_hex(&key.public_key_bytes()),
            KeySource::Extended {
                root,
                path,
                wildcard,
            } => {
                let xpriv = match (root, private) {
                    (_, None) => None,
                    (Root::Private(xpriv), Some(_)) => Some(xpriv.clone()),
                    (Root::Public(xpub), Some(secrets)) => secrets.extended(xpub),
                };
                let root = xpriv.map_or_else(|| root.xpub().to_text(params), |x| x.to_text(params));
                let end = match (wildcard, apostrophe) {
                    (Wildcard::None, _) => "",
                    (Wildcard::Plain, _) => "/*",
                    (Wildcard::Hardened, true) => "/*'",
                    (Wildcard::Hardened, false) => "/*h",
                };
                format!("{root}{}{end}", format_path(path, apostrophe))
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one expression and its sources"
    )]
    fn normalized_text(
        &self,
        root: &Root,
        path: &[u32],
        wildcard: Wildcard,
        last: usize,
        secrets: &dyn SecretSource,
        cache: &DescriptorCache,
        params: &ChainParams,
    ) -> Result<String, DescriptorError> {
        let xpub = match cache.last_hardened.get(&self.position) {
            Some(xpub) => *xpub,
            None => {
                let xpriv = match root {
                    Root::Private(xpriv) => Some(xpriv.clone()),
                    Root::Public(xpub) => secrets.extended(xpub),
                };
                xpriv
                    .ok_or(DescriptorError::NeedsPrivateKey)?
                    .derive(&path[..=last])?
                    .xpub()
            }
        };
        let origin = self.full_origin(root.xpub().fingerprint(), &path[..=last]);
        let end = if wildcard == Wildcard::Plain {
            "/*"
        } else {
            ""
        };
        Ok(format!(
            "[{}{}]{}{}{end}",
            to_hex(&origin.fingerprint),
            format_path(&origin.path, false),
            xpub.to_text(params),
            format_path(&path[last + 1..], false),
        ))
    }
}

/// Which keys a script may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyRules {
    pub uncompressed: bool,
    pub x_only: bool,
}

/// Reads a key expression. A multipath step gives several.
pub(super) fn parse_key(
    text: &str,
    rules: KeyRules,
    params: &ChainParams,
    position: u32,
) -> Result<Vec<KeyExpr>, DescriptorError> {
    let fail = |text: String| Err(DescriptorError::Syntax(text));
    let (origin, apostrophe, body) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((origin, body)) = rest.split_once(']') else {
                return fail(
                    "Key origin start '[ character expected but not found, got ']' instead".into(),
                );
            };
            let (origin, apostrophe) = parse_origin(origin)?;
            (Some(origin), apostrophe, body)
        }
        None => (None, false, text),
    };
    if body.contains(['[', ']']) {
        return fail("Multiple ']' characters found for a single pubkey".into());
    }
    if body.is_empty() {
        return fail("No key provided".into());
    }
    let root_end = body.find('/').unwrap_or(body.len());
    if body[..root_end].starts_with(is_space) || body[..root_end].ends_with(is_space) {
        let root = &body[..root_end];
        return fail(format!("Key '{root}' is invalid due to whitespace"));
    }
    let make = |source, apostrophe| KeyExpr {
        origin: origin.clone(),
        source,
        apostrophe,
        position,
    };
    if !body.contains('/') {
        if let Some(bytes) = from_hex(body) {
            return parse_hex_key(&bytes, rules, body).map(|s| vec![make(s, apostrophe)]);
        }
        if let Some(key) = PrivateKey::from_wif(body, params) {
            if !key.compressed && !rules.uncompressed {
                return fail("Uncompressed keys are not allowed".into());
            }
            return Ok(vec![make(KeySource::Private(key), apostrophe)]);
        }
    }
    let (root_text, path_text) = body
        .split_once('/')
        .map_or((body, None), |(r, p)| (r, Some(p)));
    let root = Xpriv::from_text(root_text, params)
        .map(Root::Private)
        .or_else(|_| Xpub::from_text(root_text, params).map(Root::Public));
    let Ok(root) = root else {
        return fail(format!("key '{root_text}' is not valid"));
    };
    let (paths, wildcard, path_apostrophe) = parse_key_path(path_text)?;
    Ok(paths
        .into_iter()
        .map(|path| {
            let source = KeySource::Extended {
                root: root.clone(),
                path,
                wildcard,
            };
            make(source, apostrophe || path_apostrophe)
        })
        .collect())
}

/// What C calls a space.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

fn parse_hex_key(bytes: &[u8], rules: KeyRules, text: &str) -> Result<KeySource, DescriptorError> {
    if bytes.len() == 32 && rules.x_only {
        let full = [&[2], bytes].concat();
        if let Ok(key) = PublicKey::from_slice(&full) {
            return Ok(KeySource::XOnly(key));
        }
    } else if key_has_valid_size(bytes) {
        if bytes.len() == 65 && !rules.uncompressed {
            return Err(DescriptorError::Syntax(
                "Uncompressed keys are not allowed".into(),
            ));
        }
        // Hybrid keys (first byte 6 or 7) are refused, as in Core.
        if let (2..=4, Ok(key)) = (bytes[0], PublicKey::from_slice(bytes)) {
            return Ok(KeySource::Public(key, bytes.len() == 33));
        }
        if bytes[0] >= 6 {
            return Err(DescriptorError::Syntax(
                "Hybrid public keys are not allowed".into(),
            ));
        }
    }
    Err(DescriptorError::Syntax(format!(
        "Pubkey '{text}' is invalid"
    )))
}

fn parse_origin(text: &str) -> Result<(KeyOrigin, bool), DescriptorError> {
    let (fingerprint, path) = text
        .split_once('/')
        .map_or((text, None), |(f, p)| (f, Some(p)));
    if fingerprint.len() != 8 {
        return Err(DescriptorError::Syntax(format!(
            "Fingerprint is not 4 bytes ({} characters instead of 8 characters)",
            fingerprint.len()
        )));
    }
    let bytes = from_hex(fingerprint).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    let Some(fingerprint) = bytes else {
        return Err(DescriptorError::Syntax(format!(
            "Fingerprint '{fingerprint}' is not hex"
        )));
    };
    let path = match path {
        Some(path) => path.split('/').map(step).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    Ok((KeyOrigin { fingerprint, path }, text.contains('\'')))
}

fn step(text: &str) -> Result<u32, DescriptorError> {
    parse_step(text).map_err(|_| {
        let digits = text.trim_end_matches(['h', '\'']);
        if text.is_empty() {
            return DescriptorError::Syntax("Key path value '' is not valid".into());
        }
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        DescriptorError::Syntax(if is_number && digits.parse::<u32>().is_ok() {
            format!("Key path value {digits} is out of range")
        } else {
            format!("Key path value '{digits}' is not a valid uint32")
        })
    })
}

/// The steps behind an extended key, one list for each branch of a multipath step (BIP389).
fn parse_key_path(text: Option<&str>) -> Result<(Vec<Vec<u32>>, Wildcard, bool), DescriptorError> {
    let Some(text) = text else {
        return Ok((vec![Vec::new()], Wildcard::None, false));
    };
    let mut parts: Vec<&str> = text.split('/').collect();
    let wildcard = match parts.last().copied() {
        Some("*") => Wildcard::Plain,
        Some("*h" | "*'") => Wildcard::Hardened,
        _ => Wildcard::None,
    };
    if wildcard != Wildcard::None {
        parts.pop();
    }
    let mut paths = vec![Vec::new()];
    for part in parts {
        if let Some(inner) = part.strip_prefix('<') {
            let Some(inner) = inner.strip_suffix('>') else {
                return Err(DescriptorError::Syntax(format!(
                    "Key path value '{part}' is not a valid uint32"
                )));
            };
            let branches = inner.split(';').map(step).collect::<Result<Vec<_>, _>>()?;
            if paths.len() > 1 {
                return Err(DescriptorError::Syntax(
                    "Multiple multipath key path specifiers found".into(),
                ));
            }
            if branches.len() < 2 {
                return Err(DescriptorError::Syntax(
                    "Multipath key path specifiers must have at least two items".into(),
                ));
            }
            let mut seen = std::collections::BTreeSet::new();
            if let Some(twice) = branches.iter().find(|branch| !seen.insert(**branch)) {
                return Err(DescriptorError::Syntax(format!(
                    "Duplicated key path value {twice} in multipath specifier"
                )));
            }
            let stem: Vec<u32> = paths.pop().unwrap_or_default();
            paths = branches
                .into_iter()
                .map(|branch| stem.iter().copied().chain([branch]).collect())
                .collect();
        } else {
            let number = step(part)?;
            paths
                .iter_mut()
                .for_each(|path: &mut Vec<u32>| path.push(number));
        }
    }
    Ok((paths, wildcard, text.contains('\'')))
}
