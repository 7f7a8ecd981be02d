//! The kernel does what the model says, for any operations of a handful of
//! processes in any order: order per sender and of arrival, no loss, no doubled
//! event, every limit, names and places free before anyone is told, nothing
//! left over.

mod world;

use proptest::collection::vec;
use proptest::prelude::*;

use world::World;
use world::op::op;

proptest! {
    #[test]
    fn the_kernel_does_what_the_model_says(ops in vec(op(), 0..300)) {
        let mut world = World::new();
        for op in &ops {
            world.step(op);
        }
        world.end();
    }
}
