//! Finding errors with the code behind bech32.
//!
//! Values are elements of GF(32), that is polynomials over GF(2) modulo x^5 + x^3 + 1. The code's
//! generator has the roots e^997, e^998 and e^999, where e is a primitive element of GF(1024) with
//! e^2 = 9 e + 23. An error value v at distance p from the end of the text therefore leaves
//! v * e^(j * p) at each root e^j, which is solved for v and p. A solution counts only where v lies
//! in GF(32) and p within the text.

/// An element a * e + b of GF(1024) as `a << 5 | b`.
type Element = u16;

/// Order of e.
const ORDER: usize = 1023;

/// Exponents of the roots.
const ROOTS: [usize; 3] = [997, 998, 999];

/// Powers of e and their logarithms; the logarithm of zero is never read.
const TABLES: ([Element; ORDER], [u16; ORDER + 1]) = {
    let mut powers = [0; ORDER];
    let mut logs = [0; ORDER + 1];
    let mut element: Element = 1;
    let mut exponent: u16 = 0;
    // Casts to usize widen; `From` is not const.
    while (exponent as usize) < ORDER {
        powers[exponent as usize] = element;
        logs[element as usize] = exponent;
        let (a, b) = (element >> 5, element & 31);
        element = (multiply_gf32(a, 9) ^ b) << 5 | multiply_gf32(a, 23);
        exponent += 1;
    }
    (powers, logs)
};
static POWERS: [Element; ORDER] = TABLES.0;
static LOGS: [u16; ORDER + 1] = TABLES.1;

const fn multiply_gf32(mut a: u16, mut b: u16) -> u16 {
    let mut product = 0;
    while b > 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        b >>= 1;
        a <<= 1;
        if a & 32 != 0 {
            a ^= 0b10_1001;
        }
    }
    product
}

fn power(exponent: usize) -> Element {
    POWERS[exponent % ORDER]
}

fn multiply(a: Element, b: Element) -> Element {
    if a == 0 || b == 0 {
        0
    } else {
        power(log(a) + log(b))
    }
}

/// Logarithm of an element that is not zero.
fn log(a: Element) -> usize {
    usize::from(LOGS[usize::from(a)])
}

/// Quotient of two elements that are not zero.
fn divide(a: Element, b: Element) -> Element {
    power(log(a) + ORDER - log(b))
}

const fn in_gf32(a: Element) -> bool {
    a < 32
}

/// Distances from the end of a text of `length` values at which one or two errors explain the
/// remainder `residue`, which would be zero without errors. Empty where nothing does.
pub(super) fn error_places(residue: u32, length: usize) -> Vec<usize> {
    let sums = ROOTS.map(|root| evaluate(residue, root));
    let [s0, s1, s2] = sums;
    if sums.iter().all(|s| *s != 0) && multiply(s1, s1) == multiply(s0, s2) {
        // One error: neighbouring sums differ by the factor e^p.
        let p = log(divide(s1, s0));
        let value = divide(s0, power(ROOTS[0] * p));
        return if p < length && in_gf32(value) {
            vec![p]
        } else {
            Vec::new()
        };
    }
    (0..length)
        .find_map(|p| second_place(sums, p, length).map(|q| vec![p, q]))
        .unwrap_or_default()
}

/// Where the second error is if the first is at `p`.
fn second_place([s0, s1, s2]: [Element; 3], p: usize, length: usize) -> Option<usize> {
    // Takes the first error out of two neighbouring sums; what is left belongs to the second.
    let without = |sum: Element, next: Element, place: usize| {
        let left = next ^ multiply(sum, power(place));
        (left != 0).then_some(left)
    };
    let (left0, left1) = (without(s0, s1, p)?, without(s1, s2, p)?);
    let q = log(divide(left1, left0));
    if q >= length || q == p {
        return None;
    }
    let right0 = without(s0, s1, q)?;
    let between = power(p) ^ power(q);
    let second_value = divide(left0, multiply(between, power(ROOTS[0] * q)));
    let first_value = divide(right0, multiply(between, power(ROOTS[0] * p)));
    (in_gf32(first_value) && in_gf32(second_value)).then_some(q)
}

/// The remainder, a polynomial of six values of 5 bits, at e^`root`.
fn evaluate(residue: u32, root: usize) -> Element {
    (0..6).fold(0, |sum, i| {
        let value = u16::try_from(residue >> (5 * i) & 31).expect("5 bits");
        sum ^ multiply(value, power(root * i))
    })
}
