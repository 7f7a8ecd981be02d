//! Reads DWARF: file, line and inlined functions of addresses.
//!
//! The crate `addr2line` is not used: it keeps all that it has read, and calls itself for
//! each level of inlined functions, of which a hostile module has a million. This reader
//! goes over each unit once, keeps only what it looks for, and stops when its
//! [`Fuel`] is used up.

use std::ops::Range;

use gimli::{
    Attribute, AttributeValue, DebugInfoOffset, DwTag, Error, FileEntry, LineInstruction,
    LineProgram, LineProgramHeader, LineRow, RangeListsOffset, Result, SectionId, UnitOffset,
};

use super::Place;
use super::fuel::{Fuel, Metered};
use super::names;
use super::sections::Sections;

type Dwarf<'a> = gimli::Dwarf<Metered<'a>>;
type Unit<'a> = gimli::Unit<Metered<'a>>;

/// Most bytes of the head of one unit: its abbreviations, and its lists of files and
/// directories. In memory, each byte takes up to 104: a file may be one byte.
const HEAD: usize = 128 << 10;

/// The least address of code that the linker has left out.
const LEFT_OUT: u64 = u32::MAX as u64 - 1;

/// Most inlined functions of one address.
const INLINED: usize = 16;

/// Most references from an entry to the one that has its name.
const HOPS: usize = 8;

/// Most bytes of a path.
const PATH: usize = 256;

/// Returns the places of addresses, which are ascending: of each the innermost first, and
/// none of an address that was not found. An address counts from the beginning of the code
/// section.
pub(super) fn places<'a>(
    sections: &Sections<'a>,
    addresses: &[u64],
    fuel: &'a Fuel,
) -> Vec<Vec<Place>> {
    let load = |id: SectionId| Ok::<_, Error>(Metered::new(sections.get(id.name()), fuel));
    let mut found = vec![Vec::new(); addresses.len()];
    if let Ok(dwarf) = Dwarf::load(load) {
        let mut search = Search {
            dwarf: &dwarf,
            fuel,
            addresses,
            found: &mut found,
        };
        // Places found before a mistake in the file are true all the same.
        let _ = search.all_units();
    }
    found
}

struct Search<'s, 'a> {
    dwarf: &'s Dwarf<'a>,
    fuel: &'a Fuel,
    addresses: &'s [u64],
    found: &'s mut [Vec<Place>],
}

/// A line program that keeps the files of its header alone. A program may define a million
/// others, and no compiler does.
struct OfHeader<'h, 'a>(&'h LineProgramHeader<Metered<'a>>);

impl<'a> LineProgram<Metered<'a>> for OfHeader<'_, 'a> {
    fn header(&self) -> &LineProgramHeader<Metered<'a>> {
        self.0
    }

    fn add_file(&mut self, _: FileEntry<Metered<'a>>) {}
}

/// A line of a file, by its number in the unit.
#[derive(Clone, Copy)]
struct Line {
    file: Option<u64>,
    line: Option<u32>,
    column: Option<u32>,
}

/// A function, or an inlined one, around an address.
struct Scope {
    entry: UnitOffset<usize>,
    /// The place of the call that was inlined.
    call: Line,
}

/// The findings in a unit about one address.
struct Known {
    /// The index of the address.
    index: usize,
    line: Option<Line>,
    /// The functions around it, the outermost first.
    scopes: Vec<Scope>,
}

impl<'a> Search<'_, 'a> {
    fn all_units(&mut self) -> Result<()> {
        let mut headers = self.dwarf.units();
        while self.found.iter().any(Vec::is_empty)
            && let Some(header) = headers.next()?
        {
            // A unit that cannot be read hides no other.
            let unit = self.fuel.within(HEAD, || self.dwarf.unit(header));
            if let Ok(unit) = unit {
                let _ = self.unit(&unit);
            }
        }
        Ok(())
    }

    fn unit(&mut self, unit: &Unit<'a>) -> Result<()> {
        let mut known = self.within(unit)?;
        if known.is_empty() {
            return Ok(());
        }
        // Lines are worth more than the functions that were inlined there.
        let _ = self.lines(unit, &mut known);
        let _ = self.scopes(unit, &mut known);
        for Known {
            index,
            line,
            scopes,
        } in known
        {
            self.found[index] = self.places(unit, line, &scopes);
        }
        Ok(())
    }

    /// Returns the addresses that a unit covers and that were not found. A unit without
    /// ranges may cover all.
    fn within(&self, unit: &Unit<'a>) -> Result<Vec<Known>> {
        let mut entries = unit.entries_raw(None)?;
        let mut extent = Extent::default();
        if let Some(abbreviation) = entries.read_abbreviation()? {
            for attribute in abbreviation.attributes() {
                let attribute = entries.read_attribute(*attribute)?;
                extent.note(self.dwarf, unit, &attribute)?;
            }
        }
        let mut is_within = vec![false; self.addresses.len()];
        let has_ranges = extent.each(self.dwarf, unit, |range| {
            is_within[self.indices(range)].fill(true);
        })?;
        let missing = (0..self.addresses.len()).filter(|index| self.found[*index].is_empty());
        let covered = missing.filter(|index| is_within[*index] || !has_ranges);
        let known = covered.map(|index| Known {
            index,
            line: None,
            scopes: Vec::new(),
        });
        Ok(known.collect())
    }

    /// Returns the indices of the addresses in a range.
    fn indices(&self, range: gimli::Range) -> Range<usize> {
        let first = |bound: u64| self.addresses.partition_point(|address| *address < bound);
        first(range.begin)..first(range.end).max(first(range.begin))
    }

    /// Runs the line program of a unit.
    fn lines(&self, unit: &Unit<'a>, known: &mut [Known]) -> Result<()> {
        let Some(program) = &unit.line_program else {
            return Ok(());
        };
        let header = program.header();
        // The crate's own loop over the rows keeps each file that the program defines.
        let mut files = OfHeader(header);
        let mut instructions = header.instructions();
        let mut row = LineRow::new(header);
        let mut is_left_out = false;
        let mut last: Option<(u64, Line)> = None;
        while let Some(instruction) = instructions.next_instruction(header)? {
            if let LineInstruction::SetAddress(address) = instruction {
                is_left_out = address < row.address() || address >= LEFT_OUT;
            }
            if !row.execute(instruction, &mut files)? {
                continue;
            }
            let address = row.address();
            if let Some((begin, line)) = last
                && begin < address
            {
                let covered = self.indices(gimli::Range {
                    begin,
                    end: address,
                });
                if !covered.is_empty() {
                    let known = known.iter_mut();
                    known
                        .filter(|known| covered.contains(&known.index))
                        .for_each(|known| known.line = known.line.or(Some(line)));
                }
            }
            let line = Line {
                file: Some(row.file_index()),
                line: row.line().and_then(|line| u32::try_from(line.get()).ok()),
                column: match row.column() {
                    gimli::ColumnType::LeftEdge => None,
                    gimli::ColumnType::Column(column) => u32::try_from(column.get()).ok(),
                },
            };
            // The last line before code that was left out goes on to no other code.
            last = (!row.end_sequence() && !is_left_out).then_some((address, line));
            is_left_out &= !row.end_sequence();
            row.reset(header);
        }
        Ok(())
    }

    /// Goes over the entries of a unit, each function before the functions in it.
    fn scopes(&self, unit: &Unit<'a>, known: &mut [Known]) -> Result<()> {
        let mut entries = unit.entries_raw(None)?;
        while !entries.is_empty() {
            let entry = entries.next_offset();
            let Some(abbreviation) = entries.read_abbreviation()? else {
                continue;
            };
            let attributes = abbreviation.attributes();
            // Some attributes have no bytes in an entry.
            self.fuel.burn(attributes.len())?;
            let tag = abbreviation.tag();
            if !matches!(
                tag,
                gimli::DW_TAG_subprogram | gimli::DW_TAG_inlined_subroutine
            ) {
                entries.skip_attributes(attributes)?;
                continue;
            }
            let mut extent = Extent::default();
            let mut call = Line {
                file: None,
                line: None,
                column: None,
            };
            for attribute in attributes {
                let attribute = entries.read_attribute(*attribute)?;
                let number = || attribute.udata_value().and_then(|n| u32::try_from(n).ok());
                match (attribute.name(), attribute.value()) {
                    (gimli::DW_AT_call_file, AttributeValue::FileIndex(file)) => {
                        // Before version 5, number 0 is no file.
                        call.file =
                            Some(file).filter(|file| *file > 0 || unit.header.version() > 4);
                    }
                    (gimli::DW_AT_call_line, _) => call.line = number().filter(|line| *line > 0),
                    (gimli::DW_AT_call_column, _) => {
                        call.column = number().filter(|column| *column > 0);
                    }
                    _ => extent.note(self.dwarf, unit, &attribute)?,
                }
            }
            extent.each(self.dwarf, unit, |range| {
                let covered = self.indices(range);
                if covered.is_empty() {
                    return;
                }
                for known in known.iter_mut() {
                    if covered.contains(&known.index) {
                        known.enter(tag, entry, call);
                    }
                }
            })?;
        }
        Ok(())
    }

    /// Returns the places of one address, the innermost first.
    fn places(&self, unit: &Unit<'a>, line: Option<Line>, scopes: &[Scope]) -> Vec<Place> {
        let mut at = line;
        let mut places = Vec::new();
        for scope in scopes.iter().rev() {
            let name = self.name(unit, scope.entry).unwrap_or_default();
            places.push(self.place(unit, name, at));
            at = Some(scope.call);
        }
        if let (true, Some(line)) = (scopes.is_empty(), line) {
            places.push(self.place(unit, None, Some(line)));
        }
        places
    }

    fn place(&self, unit: &Unit<'a>, name: Option<Box<str>>, line: Option<Line>) -> Place {
        let file = line.and_then(|line| line.file);
        Place {
            name,
            file: file.and_then(|file| self.file(unit, file).unwrap_or_default()),
            line: line.and_then(|line| line.line),
            column: line.and_then(|line| line.column),
        }
    }

    /// Returns the path of a file by its number, as the compiler was given it.
    fn file(&self, unit: &Unit<'a>, number: u64) -> Result<Option<Box<str>>> {
        let Some(program) = &unit.line_program else {
            return Ok(None);
        };
        let header = program.header();
        let Some(file) = header.file(number) else {
            return Ok(None);
        };
        let name = text(&self.dwarf.attr_string(unit, file.path_name())?);
        let directory = match file.directory_index() {
            // The directory in which the compiler ran.
            0 => None,
            _ => file.directory(header),
        };
        let mut path = match directory {
            Some(directory) if !name.starts_with('/') => {
                text(&self.dwarf.attr_string(unit, directory)?)
            }
            _ => String::new(),
        };
        if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(&name);
        Ok(Some(path.into()))
    }

    /// Returns the name of a function.
    fn name(&self, unit: &Unit<'a>, entry: UnitOffset<usize>) -> Result<Option<Box<str>>> {
        let mut next = Next::Here(entry);
        let mut other: Option<Unit<'a>> = None;
        for _ in 0..HOPS {
            if let Next::Elsewhere(offset) = next {
                let (unit, entry) = self.unit_of(offset)?;
                other = Some(unit);
                next = Next::Here(entry);
            }
            let Next::Here(entry) = next else {
                return Ok(None);
            };
            let named = self.named(other.as_ref().unwrap_or(unit), entry)?;
            match (named.name, named.next) {
                (Some(name), _) => return Ok(Some(name)),
                (None, Some(origin)) => next = origin,
                (None, None) => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Returns the unit with an entry in it.
    fn unit_of(&self, offset: DebugInfoOffset<usize>) -> Result<(Unit<'a>, UnitOffset<usize>)> {
        let mut headers = self.dwarf.units();
        while let Some(header) = headers.next()? {
            if let Some(entry) = offset.to_unit_offset(&header) {
                let unit = self.fuel.within(HEAD, || self.dwarf.unit(header))?;
                return Ok((unit, entry));
            }
        }
        Err(Error::NoEntryAtGivenOffset(offset.0 as u64))
    }

    /// Reads the name of an entry, and the entry that it refers to.
    fn named(&self, unit: &Unit<'a>, entry: UnitOffset<usize>) -> Result<Named> {
        let mut entries = unit.entries_raw(Some(entry))?;
        let mut named = Named::default();
        let Some(abbreviation) = entries.read_abbreviation()? else {
            return Ok(named);
        };
        let attributes = abbreviation.attributes();
        self.fuel.burn(attributes.len())?;
        let (mut linked, mut plain) = (None, None);
        for attribute in attributes {
            let attribute = entries.read_attribute(*attribute)?;
            match attribute.name() {
                gimli::DW_AT_linkage_name | gimli::DW_AT_MIPS_linkage_name => {
                    linked = self.dwarf.attr_string(unit, attribute.value()).ok();
                }
                gimli::DW_AT_name => {
                    plain = self.dwarf.attr_string(unit, attribute.value()).ok();
                }
                gimli::DW_AT_abstract_origin | gimli::DW_AT_specification => {
                    named.next = match attribute.value() {
                        AttributeValue::UnitRef(entry) => Some(Next::Here(entry)),
                        AttributeValue::DebugInfoRef(entry) => Some(Next::Elsewhere(entry)),
                        _ => None,
                    };
                }
                _ => {}
            }
        }
        named.name = name_of(linked, plain);
        Ok(named)
    }
}

/// The place of an entry.
#[derive(Clone, Copy)]
enum Next {
    Here(UnitOffset<usize>),
    Elsewhere(DebugInfoOffset<usize>),
}

#[derive(Default)]
struct Named {
    name: Option<Box<str>>,
    next: Option<Next>,
}

/// Returns the name of a function: that of the linker if it can be made readable, because it
/// has the path of the function; else its own, without the types of a generic function.
fn name_of(linked: Option<Metered<'_>>, plain: Option<Metered<'_>>) -> Option<Box<str>> {
    let whole = |name: &Metered<'_>| std::str::from_utf8(name.slice()).ok().map(str::to_owned);
    let linked = linked.as_ref().and_then(whole);
    let readable = linked.as_deref().and_then(names::demangled);
    let plain = || plain.as_ref().and_then(whole).map(names::without_types);
    let name = readable.or_else(plain).or(linked)?;
    Some(names::shortened(&name).into())
}

/// Returns the beginning of a text.
fn text(bytes: &Metered<'_>) -> String {
    let bytes = bytes.slice();
    let shown = &bytes[..bytes.len().min(PATH)];
    String::from_utf8_lossy(shown).into_owned()
}

impl Known {
    /// Notes a function around the address. Functions come before the functions in them.
    fn enter(&mut self, tag: DwTag, entry: UnitOffset<usize>, call: Line) {
        if tag == gimli::DW_TAG_subprogram {
            self.scopes.clear();
        } else if self.scopes.is_empty() || self.scopes.len() > INLINED {
            return;
        }
        // A function may have several ranges that overlap.
        if self.scopes.last().is_none_or(|last| last.entry != entry) {
            self.scopes.push(Scope { entry, call });
        }
    }
}

/// The addresses that an entry covers.
#[derive(Default)]
struct Extent {
    low: Option<u64>,
    high: Option<u64>,
    size: Option<u64>,
    list: Option<RangeListsOffset<usize>>,
}

impl Extent {
    fn note<'a>(
        &mut self,
        dwarf: &Dwarf<'a>,
        unit: &Unit<'a>,
        attribute: &Attribute<Metered<'a>>,
    ) -> Result<()> {
        match (attribute.name(), attribute.value()) {
            (gimli::DW_AT_low_pc, value) => self.low = dwarf.attr_address(unit, value)?,
            (gimli::DW_AT_high_pc, AttributeValue::Udata(size)) => self.size = Some(size),
            (gimli::DW_AT_high_pc, value) => self.high = dwarf.attr_address(unit, value)?,
            (gimli::DW_AT_ranges, value) => self.list = dwarf.attr_ranges_offset(unit, value)?,
            _ => {}
        }
        Ok(())
    }

    /// Calls a function with each range; returns false if there is none.
    fn each<'a>(
        &self,
        dwarf: &Dwarf<'a>,
        unit: &Unit<'a>,
        mut each: impl FnMut(gimli::Range),
    ) -> Result<bool> {
        let mut has_any = false;
        let mut range = |range: gimli::Range| {
            // Code that the linker has left out ends before it begins.
            if range.begin < range.end {
                has_any = true;
                each(range);
            }
        };
        if let Some(list) = self.list {
            let mut list = dwarf.ranges(unit, list)?;
            while let Some(one) = list.next()? {
                range(one);
            }
        } else if let Some(begin) = self.low {
            let end = self.size.map(|size| begin.wrapping_add(size));
            if let Some(end) = end.or(self.high) {
                range(gimli::Range { begin, end });
            }
        }
        Ok(has_any)
    }
}
