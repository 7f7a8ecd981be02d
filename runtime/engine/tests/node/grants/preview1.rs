//! Functions and numbers of preview 1.

pub(super) const BADF: u8 = 8;
pub(super) const DQUOT: u8 = 19;
pub(super) const INVAL: u8 = 28;
pub(super) const LOOP: u8 = 32;
pub(super) const MFILE: u8 = 33;
pub(super) const NAMETOOLONG: u8 = 37;
pub(super) const NOENT: u8 = 44;
pub(super) const NOTDIR: u8 = 54;
pub(super) const NOTSOCK: u8 = 57;
pub(super) const NOTSUP: u8 = 58;
pub(super) const ROFS: u8 = 69;
pub(super) const SPIPE: u8 = 70;
pub(super) const NOTCAPABLE: u8 = 76;

/// Bits of `rights`.
pub(super) const READ: u32 = 1 << 1;
pub(super) const WRITE: u32 = 1 << 6;

/// Bits of `oflags`.
pub(super) const CREATE: u32 = 1;
pub(super) const DIRECTORY: u32 = 1 << 1;
pub(super) const TRUNCATE: u32 = 1 << 3;

/// All functions of preview 1 with their parameters: `i` has 32 bits, `l` has 64.
pub(super) const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "illi"),
    ("fd_allocate", "ill"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "ill"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "il"),
    ("fd_filestat_set_times", "illi"),
    ("fd_pread", "iiili"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiili"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiilli"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiillii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];
