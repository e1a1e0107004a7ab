//! Reading descriptors (Core's `ParseScript`).

use primitives::ChainParams;
use primitives::address::Destination;
use primitives::hash::from_hex;
use primitives::script::{MAX_PUBKEYS_PER_MULTISIG, MAX_SCRIPT_ELEMENT_SIZE, Script};

use super::key::{KeyExpr, KeyRules, parse_key};
use super::{Descriptor, DescriptorError, Node, Tree, checksum};

/// Most keys in a tapscript multisig.
const MAX_PUBKEYS_PER_MULTI_A: usize = 999;
/// Deepest level of a script tree (BIP341).
const MAX_TREE_DEPTH: usize = 128;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    Sh,
    Wsh,
    Tr,
}

impl Place {
    fn rules(self) -> KeyRules {
        KeyRules {
            uncompressed: matches!(self, Self::Top | Self::Sh),
            x_only: self == Self::Tr,
        }
    }
}

struct Parser<'p> {
    params: &'p ChainParams,
    next_position: u32,
}

type Parsed<T> = Result<T, DescriptorError>;

fn fail<T>(text: impl Into<String>) -> Parsed<T> {
    Err(DescriptorError::Syntax(text.into()))
}

/// Reads a whole descriptor with its checksum.
pub(super) fn parse(
    text: &str,
    params: &ChainParams,
    require_checksum: bool,
) -> Parsed<Vec<Descriptor>> {
    let mut halves = text.split('#');
    let body = halves.next().unwrap_or_default();
    let given = halves.next();
    if halves.next().is_some() {
        return fail("Multiple '#' symbols");
    }
    match given {
        None if require_checksum => return fail("Missing checksum"),
        Some(sum) if sum.len() != 8 => {
            return fail(format!(
                "Expected 8 character checksum, not {} characters",
                sum.len()
            ));
        }
        _ => {}
    }
    let Some(computed) = checksum(body) else {
        return fail("Invalid characters in payload");
    };
    if let Some(given) = given
        && given != computed
    {
        return fail(format!(
            "Provided checksum '{given}' does not match computed checksum '{computed}'"
        ));
    }
    let mut parser = Parser {
        params,
        next_position: 0,
    };
    let (expression, rest) = split_expression(body);
    let nodes = parser.node(expression, Place::Top)?;
    if !rest.is_empty() {
        return fail(format!("'{rest}' is not a valid descriptor function"));
    }
    Ok(nodes.into_iter().map(|node| Descriptor { node }).collect())
}

/// The text up to the next comma or closing bracket outside brackets, and what follows (Core's `Expr`).
fn split_expression(text: &str) -> (&str, &str) {
    let mut level = 0usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'{' => level += 1,
            b')' | b'}' if level > 0 => level -= 1,
            b')' | b'}' | b',' if level == 0 => return text.split_at(at),
            _ => {}
        }
    }
    (text, "")
}

/// The inside of `name(…)`.
fn function<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name)?
        .strip_prefix('(')?
        .strip_suffix(')')
}

impl Parser<'_> {
    fn keys(&mut self, text: &str, place: Place, context: &str) -> Parsed<Vec<KeyExpr>> {
        self.bare_keys(text, place).map_err(|error| match error {
            DescriptorError::Syntax(text) => DescriptorError::Syntax(format!("{context}: {text}")),
            other => other,
        })
    }

    fn bare_keys(&mut self, text: &str, place: Place) -> Parsed<Vec<KeyExpr>> {
        let position = self.next_position;
        self.next_position += 1;
        parse_key(text, place.rules(), self.params, position)
    }

    fn key_nodes(
        &mut self,
        text: &str,
        place: Place,
        name: &str,
        make: fn(KeyExpr) -> Node,
    ) -> Parsed<Vec<Node>> {
        let keys = self.keys(text, place, &format!("{name}()"))?;
        Ok(keys.into_iter().map(make).collect())
    }

    fn node(&mut self, text: &str, place: Place) -> Parsed<Vec<Node>> {
        if let Some(inner) = function(text, "pk") {
            return self.key_nodes(inner, place, "pk", Node::Pk);
        }
        if let Some(inner) = function(text, "pkh")
            && place != Place::Tr
        {
            return self.key_nodes(inner, place, "pkh", Node::Pkh);
        }
        if let Some(inner) = function(text, "combo") {
            if place != Place::Top {
                return fail("Can only have combo() at top level");
            }
            return self.key_nodes(inner, place, "combo", Node::Combo);
        }
        for (name, sorted, tap) in [
            ("multi", false, false),
            ("sortedmulti", true, false),
            ("multi_a", false, true),
            ("sortedmulti_a", true, true),
        ] {
            let Some(inner) = function(text, name) else {
                continue;
            };
            return match (tap, place == Place::Tr) {
                (true, true) | (false, false) => self.multi(inner, place, sorted, tap),
                (false, true) => {
                    fail("Can only have multi/sortedmulti at top level, in sh(), or in wsh()")
                }
                (true, false) => fail("Can only have multi_a/sortedmulti_a inside tr()"),
            };
        }
        if let Some(inner) = function(text, "wpkh") {
            if !matches!(place, Place::Top | Place::Sh) {
                return fail("Can only have wpkh() at top level or inside sh()");
            }
            return self.key_nodes(inner, Place::Wsh, "wpkh", Node::Wpkh);
        }
        if let Some(inner) = function(text, "sh") {
            if place != Place::Top {
                return fail("Can only have sh() at top level");
            }
            let (expression, rest) = split_expression(inner);
            let nodes = self.node(expression, Place::Sh)?;
            return wrapped(nodes, rest, text, Node::Sh);
        }
        if let Some(inner) = function(text, "wsh") {
            if !matches!(place, Place::Top | Place::Sh) {
                return fail("Can only have wsh() at top level or inside sh()");
            }
            let (expression, rest) = split_expression(inner);
            let nodes = self.node(expression, Place::Wsh)?;
            return wrapped(nodes, rest, text, Node::Wsh);
        }
        self.top_level_node(text, place)
    }

    /// The functions that stand at the top only.
    fn top_level_node(&mut self, text: &str, place: Place) -> Parsed<Vec<Node>> {
        let top = place == Place::Top;
        if let Some(inner) = function(text, "addr") {
            if !top {
                return fail("Can only have addr() at top level");
            }
            return match Destination::from_address(inner, self.params) {
                Ok(destination) => Ok(vec![Node::Addr(destination)]),
                Err(_) => fail("Address is not valid"),
            };
        }
        if let Some(inner) = function(text, "tr") {
            return if top {
                self.taproot(inner)
            } else {
                fail("Can only have tr at top level")
            };
        }
        if let Some(inner) = function(text, "rawtr") {
            if !top {
                return fail("Can only have rawtr at top level");
            }
            let (expression, rest) = split_expression(inner);
            if !rest.is_empty() {
                return fail("rawtr(): only one key expected.");
            }
            return self.key_nodes(expression, Place::Tr, "rawtr", Node::RawTr);
        }
        if let Some(inner) = function(text, "unused") {
            return if top {
                self.unused(inner)
            } else {
                fail("Can only have unused at top level")
            };
        }
        if let Some(inner) = function(text, "raw") {
            if !top {
                return fail("Can only have raw() at top level");
            }
            return match from_hex(inner) {
                Some(bytes) => Ok(vec![Node::Raw(Script::from(bytes))]),
                None => fail("Raw script is not hex"),
            };
        }
        match place {
            Place::Sh => fail("A function is needed within P2SH"),
            Place::Wsh => fail("A function is needed within P2WSH"),
            Place::Top | Place::Tr => fail(format!("'{text}' is not a valid descriptor function")),
        }
    }

    /// A key kept for later.
    fn unused(&mut self, text: &str) -> Parsed<Vec<Node>> {
        let (expression, rest) = split_expression(text);
        if !rest.is_empty() {
            return fail("unused(): only one key expected");
        }
        let keys = self.bare_keys(expression, Place::Top)?;
        if keys.iter().any(KeyExpr::is_range) {
            return fail("unused(): key cannot be ranged");
        }
        Ok(keys.into_iter().map(Node::Unused).collect())
    }

    fn multi(&mut self, text: &str, place: Place, sorted: bool, tap: bool) -> Parsed<Vec<Node>> {
        let (threshold_text, mut rest) = split_expression(text);
        let digits =
            !threshold_text.is_empty() && threshold_text.bytes().all(|b| b.is_ascii_digit());
        let threshold = threshold_text.parse::<u32>().ok().filter(|_| digits);
        let Some(threshold) = threshold else {
            return fail(format!("Multi threshold '{threshold_text}' is not valid"));
        };
        let mut branches: Vec<Vec<KeyExpr>> = Vec::new();
        while let Some(first) = rest.chars().next() {
            let Some(after) = rest.strip_prefix(',') else {
                return fail(format!("Multi: expected ',', got '{first}'"));
            };
            let (key, tail) = split_expression(after);
            branches.push(self.keys(key, place, "Multi")?);
            rest = tail;
            if branches.len() > MAX_PUBKEYS_PER_MULTI_A {
                break;
            }
        }
        check_multi(threshold, &branches, place, tap)?;
        let width = branches.iter().map(Vec::len).max().unwrap_or(1);
        let all = evenly(
            branches,
            width,
            "multi(): Multipath derivation paths have mismatched lengths",
        )?;
        Ok(all
            .into_iter()
            .map(|keys| {
                if tap {
                    Node::MultiA {
                        threshold,
                        keys,
                        sorted,
                    }
                } else {
                    Node::Multi {
                        threshold,
                        keys,
                        sorted,
                    }
                }
            })
            .collect())
    }

    fn taproot(&mut self, text: &str) -> Parsed<Vec<Node>> {
        let (key, rest) = split_expression(text);
        let internal = self.keys(key, Place::Tr, "tr()")?;
        let Some(first) = rest.chars().next() else {
            return Ok(internal
                .into_iter()
                .map(|internal| Node::Tr {
                    internal,
                    tree: None,
                })
                .collect());
        };
        let Some(rest) = rest.strip_prefix(',') else {
            return fail(format!("tr: expected ',', got '{first}'"));
        };
        let (trees, rest) = self.tree(rest, 0)?;
        if !rest.is_empty() {
            return fail("tr(): expected ')' after script expression");
        }
        let width = internal.len().max(trees.len());
        let internal_fits = internal.len() == 1 || internal.len() == width;
        if !internal_fits {
            return fail("tr(): Multipath internal key mismatches multipath subscripts lengths");
        }
        if trees.len() != 1 && trees.len() != width {
            return fail("tr(): Multipath subscripts have mismatched lengths");
        }
        let pick = |i: usize| {
            let internal = internal.get(i).or(internal.first())?.clone();
            let tree = trees.get(i).or(trees.first())?.clone();
            Some(Node::Tr {
                internal,
                tree: Some(tree),
            })
        };
        Ok((0..width).filter_map(pick).collect())
    }

    fn tree<'t>(&mut self, text: &'t str, depth: usize) -> Parsed<(Vec<Tree>, &'t str)> {
        if let Some(inner) = text.strip_prefix('{') {
            if depth == MAX_TREE_DEPTH {
                return fail(format!(
                    "tr() supports at most {MAX_TREE_DEPTH} nesting levels"
                ));
            }
            let (left, rest) = self.tree(inner, depth + 1)?;
            let Some(rest) = rest.strip_prefix(',') else {
                return fail("tr(): expected ',' after script expression");
            };
            let (right, rest) = self.tree(rest, depth + 1)?;
            let Some(rest) = rest.strip_prefix('}') else {
                return fail("tr(): expected '}' after script expression");
            };
            let width = left.len().max(right.len());
            let error = "tr(): Multipath subscripts have mismatched lengths";
            let pairs = evenly(vec![left, right], width, error)?;
            let trees = pairs
                .into_iter()
                .filter_map(|pair| {
                    let [left, right] = <[Tree; 2]>::try_from(pair).ok()?;
                    Some(Tree::Branch(Box::new(left), Box::new(right)))
                })
                .collect();
            return Ok((trees, rest));
        }
        let (expression, rest) = split_expression(text);
        let nodes = self.node(expression, Place::Tr)?;
        Ok((
            nodes
                .into_iter()
                .map(|node| Tree::Leaf(Box::new(node)))
                .collect(),
            rest,
        ))
    }
}

fn wrapped(
    nodes: Vec<Node>,
    rest: &str,
    text: &str,
    wrap: fn(Box<Node>) -> Node,
) -> Parsed<Vec<Node>> {
    if !rest.is_empty() {
        return fail(format!("'{text}' is not a valid descriptor function"));
    }
    Ok(nodes.into_iter().map(|node| wrap(Box::new(node))).collect())
}

fn check_multi(threshold: u32, keys: &[Vec<KeyExpr>], place: Place, tap: bool) -> Parsed<()> {
    let count = keys.len();
    let most = usize::from(MAX_PUBKEYS_PER_MULTISIG);
    if !tap && (count == 0 || count > most) {
        return fail(format!(
            "Cannot have {count} keys in multisig; must have between 1 and {most} keys, inclusive"
        ));
    }
    if tap && (count == 0 || count > MAX_PUBKEYS_PER_MULTI_A) {
        return fail(format!(
            "Cannot have {count} keys in multi_a; must have between 1 and {MAX_PUBKEYS_PER_MULTI_A} keys, inclusive"
        ));
    }
    if threshold < 1 {
        return fail(format!(
            "Multisig threshold cannot be {threshold}, must be at least 1"
        ));
    }
    if threshold as usize > count {
        return fail(format!(
            "Multisig threshold cannot be larger than the number of keys; threshold is {threshold} but only {count} keys specified"
        ));
    }
    if place == Place::Top && count > 3 {
        return fail(format!(
            "Cannot have {count} pubkeys in bare multisig; only at most 3 pubkeys"
        ));
    }
    let key_size = |key: &KeyExpr| if key.is_compressed() { 34 } else { 66 };
    let size: usize = keys
        .iter()
        .filter_map(|branch| branch.first())
        .map(key_size)
        .sum();
    if place == Place::Sh && size + 3 > MAX_SCRIPT_ELEMENT_SIZE {
        return fail(format!(
            "P2SH script is too large, {} bytes is larger than {MAX_SCRIPT_ELEMENT_SIZE} bytes",
            size + 3
        ));
    }
    Ok(())
}

/// Turns columns of one or `width` branches into `width` rows.
fn evenly<T: Clone>(columns: Vec<Vec<T>>, width: usize, error: &str) -> Parsed<Vec<Vec<T>>> {
    if columns
        .iter()
        .any(|column| column.len() != 1 && column.len() != width)
    {
        return fail(error);
    }
    let at = |column: &Vec<T>, i: usize| column.get(i).or(column.first()).cloned();
    Ok((0..width)
        .map(|i| columns.iter().filter_map(|column| at(column, i)).collect())
        .collect())
}
