//! `fs.write_file`: a whole file.

use std::io::Write as _;

use cap_fs_ext::OpenOptionsSyncExt as _;
use warren_engine::capability::{Caller, Step};
use warren_kernel::{Error, Kind};

use super::mode::Mode;
use super::opened::Open;
use super::read::check_whole;
use super::usage::{Length, OBJECT};
use super::{Access, Place, Volumes, done};
use crate::request::Arguments;

/// `fs.write_file(id, path, bytes, mode = "w")`: true once the bytes are written. The modes are
/// `w`, `a` and `wx`.
pub(super) fn write_file(
    volumes: &Volumes,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let (mut data, mut mode): (&[u8], _) = (&[], Mode::Write);
    let place = volumes.place(caller, &mut arguments, |arguments| {
        data = arguments.bytes("data")?;
        mode = Mode::of(arguments.text_or_nil("mode")?.unwrap_or("w"))?;
        match mode.access() {
            Access::Write => Ok(Access::Write),
            _ => Err(Error::invalid("mode: expected w, a or wx")),
        }
    })?;
    check_whole("data", data.len())?;
    let bytes = data.to_vec();
    volumes.run(caller, data.len(), move |_| {
        let open = place.open_to_change(mode)?;
        let by = Length::By(bytes.len() as u64);
        open.change(by, |mut file| file.write_all(&bytes))?;
        done()
    })
}

/// Attempts to open or make a file that other processes make and remove at the same time.
const ATTEMPTS: usize = 16;

impl Place {
    /// Opens a file to change it, and makes it if the mode says so.
    ///
    /// # Errors
    ///
    /// Those of [`Place::open_file`]; `AlreadyExists`; `RateLimited` if the volume is full.
    pub(super) fn open_to_change(&self, mode: Mode) -> Result<Open, Error> {
        let open = match mode {
            Mode::Create => self.make_file(mode)?,
            mode => self.open_or_make(mode)?,
        };
        if mode == Mode::Write {
            open.change(Length::To(0), |file| file.set_len(0))?;
        }
        Ok(open)
    }

    fn open_or_make(&self, mode: Mode) -> Result<Open, Error> {
        for _ in 0..ATTEMPTS {
            match self.open_file(&mut mode.options()) {
                Err(error) if error.kind == Kind::NotFound => {}
                opened => return opened,
            }
            match self.make_file(mode) {
                // Made by another process meanwhile, or a link to nothing.
                Err(error) if error.kind == Kind::AlreadyExists => {}
                made => return made,
            }
        }
        self.open_file(&mut mode.options())
    }

    fn make_file(&self, mode: Mode) -> Result<Open, Error> {
        let (dir, usage) = (&self.volume.dir, &self.volume.usage);
        usage.reserve(dir, OBJECT)?;
        let mut options = mode.options();
        options.create_new(true).nonblock(true);
        let make = || Ok(dir.open_with(self.path.below(), &options)?.into_std());
        Open::made(self, make).inspect_err(|_| usage.give_back(OBJECT))
    }
}
