//! From descriptors to scripts (Core's `MakeScripts`).

use primitives::hash_scheme::{hash160, sha256};
use primitives::script::Script;
use primitives::script::opcodes::{OP_CHECKMULTISIG, OP_CHECKSIG, OP_CHECKSIGADD, OP_NUMEQUAL};

use super::key::{DerivedKey, KeyExpr, SecretSource};
use super::taproot::{self, ScriptTree};
use super::{DescriptorCache, DescriptorError, Expansion, Node, Tree};
use crate::sign::SigningKeys;

struct Expander<'a> {
    index: u32,
    secrets: &'a dyn SecretSource,
    known: &'a DescriptorCache,
    fresh: &'a mut DescriptorCache,
    keys: SigningKeys,
}

/// Makes the scripts of `node` at `index`.
pub(super) fn expand(
    node: &Node,
    index: u32,
    secrets: &dyn SecretSource,
    known: &DescriptorCache,
    fresh: &mut DescriptorCache,
) -> Result<Expansion, DescriptorError> {
    let mut expander = Expander {
        index,
        secrets,
        known,
        fresh,
        keys: SigningKeys::default(),
    };
    let scripts = expander.scripts(node)?;
    Ok(Expansion {
        scripts,
        keys: expander.keys,
    })
}

impl Expander<'_> {
    fn key(&mut self, expression: &KeyExpr) -> Result<DerivedKey, DescriptorError> {
        let key = expression.derive(self.index, self.secrets, self.known, self.fresh)?;
        self.keys.add_key(&key);
        Ok(key)
    }

    fn keys(&mut self, all: &[KeyExpr]) -> Result<Vec<DerivedKey>, DescriptorError> {
        all.iter().map(|key| self.key(key)).collect()
    }

    fn scripts(&mut self, node: &Node) -> Result<Vec<Script>, DescriptorError> {
        let one = match node {
            Node::Pk(key) => Script::pay_to_pubkey(&self.key(key)?.bytes()),
            Node::Pkh(key) => Script::pay_to_pubkey_hash(&hash160(&self.key(key)?.bytes())),
            Node::Wpkh(key) => Script::witness_program(0, &hash160(&self.key(key)?.bytes()).0),
            Node::Combo(key) => return self.combo(key),
            Node::Unused(key) => {
                self.key(key)?;
                return Ok(Vec::new());
            }
            Node::Multi {
                threshold,
                keys,
                sorted,
            } => {
                let mut keys: Vec<_> = self.keys(keys)?.iter().map(DerivedKey::bytes).collect();
                if *sorted {
                    keys.sort();
                }
                let count = i64::try_from(keys.len()).expect("at most 20 keys");
                let start = Script::new().push_int(i64::from(*threshold));
                let script = keys.iter().fold(start, |script, key| script.push(key));
                script.push_int(count).op(OP_CHECKMULTISIG)
            }
            Node::MultiA { .. } => self.tapscript(node)?,
            Node::Sh(inner) => {
                let redeem = self.single(inner)?;
                let hash = hash160(&redeem);
                self.keys.add_script(redeem);
                Script::pay_to_script_hash(&hash)
            }
            Node::Wsh(inner) => {
                let witness_script = self.single(inner)?;
                let hash = sha256(&witness_script);
                self.keys.add_script(witness_script);
                Script::witness_program(0, &hash)
            }
            Node::Tr { internal, tree } => {
                let internal = self.key(internal)?;
                let tree = tree.as_ref().map(|tree| self.tree(tree)).transpose()?;
                let (output, spend) = taproot::output(&internal.key, tree.as_ref())
                    .ok_or(crate::bip32::Bip32Error::InvalidChild)?;
                self.keys.add_taproot(output, spend);
                Script::witness_program(1, &output)
            }
            Node::RawTr(key) => Script::witness_program(1, &self.key(key)?.x_only()),
            Node::Addr(destination) => destination.to_script(),
            Node::Raw(script) => script.clone(),
        };
        Ok(vec![one])
    }

    /// The script of a node that gives exactly one.
    fn single(&mut self, node: &Node) -> Result<Script, DescriptorError> {
        let mut scripts = self.scripts(node)?;
        Ok(scripts.pop().unwrap_or_default())
    }

    fn combo(&mut self, key: &KeyExpr) -> Result<Vec<Script>, DescriptorError> {
        let key = self.key(key)?;
        let (bytes, hash) = (key.bytes(), hash160(&key.bytes()));
        let mut scripts = vec![
            Script::pay_to_pubkey(&bytes),
            Script::pay_to_pubkey_hash(&hash),
        ];
        if key.compressed {
            let witness = Script::witness_program(0, &hash.0);
            let wrapped = Script::pay_to_script_hash(&hash160(&witness));
            self.keys.add_script(witness.clone());
            scripts.extend([witness, wrapped]);
        }
        Ok(scripts)
    }

    fn tree(&mut self, tree: &Tree) -> Result<ScriptTree, DescriptorError> {
        Ok(match tree {
            Tree::Leaf(node) => ScriptTree::Leaf(self.tapscript(node)?),
            Tree::Branch(left, right) => {
                ScriptTree::Branch(Box::new(self.tree(left)?), Box::new(self.tree(right)?))
            }
        })
    }

    /// A leaf's script, with keys of 32 bytes.
    fn tapscript(&mut self, node: &Node) -> Result<Script, DescriptorError> {
        match node {
            Node::Pk(key) => Ok(Script::new().push(&self.key(key)?.x_only()).op(OP_CHECKSIG)),
            Node::MultiA {
                threshold,
                keys,
                sorted,
            } => {
                let mut keys: Vec<_> = self.keys(keys)?.iter().map(DerivedKey::x_only).collect();
                if *sorted {
                    keys.sort_unstable();
                }
                let mut script = Script::new();
                for (i, key) in keys.iter().enumerate() {
                    script = script
                        .push(key)
                        .op(if i == 0 { OP_CHECKSIG } else { OP_CHECKSIGADD });
                }
                Ok(script.push_int(i64::from(*threshold)).op(OP_NUMEQUAL))
            }
            other => self.single(other),
        }
    }
}
