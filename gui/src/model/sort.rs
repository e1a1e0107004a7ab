//! By which column a list is sorted.

/// A column and a direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort<K> {
    /// The column.
    pub by: K,
    /// Whether the greatest value stands first.
    pub down: bool,
}

impl<K: Copy + PartialEq> Sort<K> {
    /// A list sorted by this column, smallest first.
    pub const fn up(by: K) -> Self {
        Self { by, down: false }
    }

    /// A list sorted by this column, greatest first.
    pub const fn down(by: K) -> Self {
        Self { by, down: true }
    }

    /// What a press on a column's head asks for: that column, or its other direction.
    pub fn pressed(self, column: Self) -> Self {
        if self.by == column.by {
            Self {
                down: !self.down,
                ..self
            }
        } else {
            column
        }
    }

    /// Orders two values of the column as this sort wants them.
    pub fn order(self, ordering: std::cmp::Ordering) -> std::cmp::Ordering {
        if self.down {
            ordering.reverse()
        } else {
            ordering
        }
    }
}
