//! Nodes with the text that they stand for.

use tree_sitter::Node;

/// The text of a file, for the nodes of its tree.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) text: &'a [u8],
}

/// Fields of a path that are looked at; the API has paths of three.
const FIELDS: usize = 8;

impl<'a> Source<'a> {
    /// Returns the text of a node, empty if it is no UTF-8.
    pub(super) fn text_of(self, node: Node<'_>) -> &'a str {
        let bytes = self.text.get(node.byte_range()).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }

    /// Returns the name at the root of `a.b.c`, and the names of its fields.
    pub(super) fn path_of<'t>(self, node: Node<'t>) -> Option<(Node<'t>, Vec<&'a str>)> {
        let mut fields = Vec::new();
        let mut node = node;
        while node.kind() == "dot_index_expression" {
            if fields.len() == FIELDS {
                return None;
            }
            fields.push(self.text_of(node.child_by_field_name("field")?));
            node = node.child_by_field_name("table")?;
        }
        fields.reverse();
        Some((node, fields))
    }

    /// Returns the text of a string without escapes.
    pub(super) fn string_of(self, node: Node<'_>) -> Option<&'a str> {
        if node.kind() != "string" {
            return None;
        }
        let content = node.child_by_field_name("content")?;
        let text = self.text_of(content);
        (!text.contains('\\')).then_some(text)
    }

    /// Tells whether there is nothing but blanks before a node in its line.
    pub(super) fn is_first_in_line(self, node: Node<'_>) -> bool {
        let before = self.text.get(..node.start_byte()).unwrap_or_default();
        let blank = before.iter().rev().take_while(|byte| **byte != b'\n');
        blank.into_iter().all(u8::is_ascii_whitespace)
    }
}

/// Returns the named children of a node, without comments.
pub(super) fn children<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    let mut cursor = node.walk();
    let named = node.named_children(&mut cursor);
    named.filter(|child| child.kind() != "comment").collect()
}
