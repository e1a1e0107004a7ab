//! Rows that grow and change here while work elsewhere looks at them as they were.

use std::sync::Arc;

/// Rows of one part: what is copied, as pointers, where a part changes that work elsewhere still looks at.
const PART: usize = 512;

/// A list in shared parts: a clone costs a pointer for each part, whatever the rows hold.
#[derive(Debug)]
pub struct Rows<T> {
    parts: Vec<Arc<Vec<Arc<T>>>>,
    len: usize,
}

impl<T> Rows<T> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row at `index`.
    pub fn get(&self, index: usize) -> Option<&T> {
        let row = self.parts.get(index / PART)?.get(index % PART)?;
        Some(row)
    }

    /// All rows in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.parts
            .iter()
            .flat_map(|part| part.iter().map(Arc::as_ref))
    }

    /// Puts a row at the end.
    pub fn push(&mut self, row: T) {
        if self.len.is_multiple_of(PART) {
            self.parts.push(Arc::new(Vec::with_capacity(1)));
        }
        if let Some(part) = self.parts.last_mut() {
            Arc::make_mut(part).push(Arc::new(row));
            self.len += 1;
        }
    }

    /// Puts another row in the place of the one at `index`.
    pub fn set(&mut self, index: usize, row: T) {
        let part = self.parts.get_mut(index / PART).map(Arc::make_mut);
        if let Some(place) = part.and_then(|part| part.get_mut(index % PART)) {
            *place = Arc::new(row);
        }
    }

    /// Lets go of all rows from `len` on.
    pub fn truncate(&mut self, len: usize) {
        if len >= self.len {
            return;
        }
        self.parts.truncate(len.div_ceil(PART));
        if let Some(part) = self.parts.get_mut(len / PART) {
            Arc::make_mut(part).truncate(len % PART);
        }
        self.len = len;
    }
}

impl<T> Default for Rows<T> {
    fn default() -> Self {
        Self {
            parts: Vec::new(),
            len: 0,
        }
    }
}

impl<T> Clone for Rows<T> {
    fn clone(&self) -> Self {
        Self {
            parts: self.parts.clone(),
            len: self.len,
        }
    }
}

impl<T> Extend<T> for Rows<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, rows: I) {
        rows.into_iter().for_each(|row| self.push(row));
    }
}

impl<T> FromIterator<T> for Rows<T> {
    fn from_iter<I: IntoIterator<Item = T>>(rows: I) -> Self {
        let mut all = Self::default();
        all.extend(rows);
        all
    }
}

impl<T> From<Vec<T>> for Rows<T> {
    fn from(rows: Vec<T>) -> Self {
        rows.into_iter().collect()
    }
}

/// Frees something that may hold many rows: elsewhere where there is a runtime, since a hundred thousand rows take
/// longer to free than a frame may last.
pub fn discard<T: Send + 'static>(value: T) {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        runtime.spawn_blocking(move || drop(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_keeps_what_it_saw() {
        let mut rows: Rows<usize> = (0..1500).collect();
        let seen = rows.clone();
        rows.set(700, 9);
        rows.push(1500);
        rows.truncate(1100);
        assert_eq!(
            (rows.len(), rows.get(700), rows.get(1100)),
            (1100, Some(&9), None)
        );
        rows.extend([5, 6]);
        assert_eq!((rows.get(1101), rows.iter().count()), (Some(&6), 1102));
        assert!(seen.iter().copied().eq(0..1500), "the copy is as it was");
        rows.truncate(1024);
        rows.push(7);
        assert_eq!((rows.len(), rows.get(1024)), (1025, Some(&7)));
    }
}
