//! Worker threads for processes, preemption, processor time, and deadlines.

pub(crate) mod cores;
pub(crate) mod lane;
pub(crate) mod meter;
pub(crate) mod permits;
pub(crate) mod punctual;
pub(crate) mod scheduler;
pub(crate) mod simulation;
pub(crate) mod thread_clock;
pub(crate) mod ticker;
pub(crate) mod timers;
pub(crate) mod virtual_clock;
