//! The links among processes that fall together.

/// The links of the processes. The first process fails.
#[derive(Clone, Copy)]
pub(crate) enum Shape {
    /// Each to the next.
    Chain,
    /// All to the first.
    Star,
    /// Each to every other.
    Mesh,
}

impl Shape {
    /// Returns all links among `count` processes, by number.
    pub(crate) fn links(self, count: usize) -> impl Iterator<Item = (usize, usize)> {
        (1..count).flat_map(move |number| {
            let others = match self {
                Shape::Chain => number - 1..number,
                Shape::Star => 0..1,
                Shape::Mesh => 0..number,
            };
            others.map(move |other| (number, other))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_have_their_links() {
        let links = |shape: Shape| shape.links(4).collect::<Vec<_>>();
        assert_eq!(links(Shape::Chain), [(1, 0), (2, 1), (3, 2)]);
        assert_eq!(links(Shape::Star), [(1, 0), (2, 0), (3, 0)]);
        let mesh = [(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)];
        assert_eq!(links(Shape::Mesh), mesh);
    }
}
