//! One-time tokens that let a window into the wallet process.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::types::{Fault, Secret};

/// How long a token may wait for its use.
const LIFETIME: Duration = Duration::from_secs(60);
/// Tokens that may wait at once; the oldest gives way.
const MAX_WAITING: usize = 16;
/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;

/// Tokens that were given out and not used.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tokens {
    waiting: Arc<Mutex<Vec<(Instant, Secret)>>>,
}

impl Tokens {
    /// Makes a token.
    pub(crate) fn issue(&self) -> Result<Secret, Fault> {
        let mut bytes = vec![0; TOKEN_BYTES];
        getrandom::fill(&mut bytes)
            .map_err(|error| Fault::failed(format!("The system gives no random bytes: {error}")))?;
        let token = Secret::new(bytes);
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(since, _)| since.elapsed() < LIFETIME);
        if waiting.len() == MAX_WAITING {
            waiting.remove(0);
        }
        waiting.push((Instant::now(), token.clone()));
        Ok(token)
    }

    /// Uses a token up; whether it was one.
    pub(crate) fn redeem(&self, token: &Secret) -> bool {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(since, _)| since.elapsed() < LIFETIME);
        let found = waiting
            .iter()
            .position(|(_, known)| same(known.expose(), token.expose()));
        found.map(|index| waiting.remove(index)).is_some()
    }
}

/// Compares without telling by its time where the difference is.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_once() {
        let tokens = Tokens::default();
        let token = tokens.issue().unwrap();
        assert!(!tokens.redeem(&Secret::new(vec![0; TOKEN_BYTES])));
        assert!(tokens.redeem(&token));
        assert!(!tokens.redeem(&token));
    }

    #[test]
    fn the_oldest_gives_way() {
        let tokens = Tokens::default();
        let first = tokens.issue().unwrap();
        for _ in 0..MAX_WAITING {
            tokens.issue().unwrap();
        }
        assert!(!tokens.redeem(&first));
    }
}
