//! How much of glibc's heap a thing takes, computed from its type and not measured.
//!
//! These are the sizes that glibc itself counts: `malloc_usable_size` and the 8 bytes before it.

/// Returns the bytes of glibc's chunk for `malloc(size)`, below the threshold for mmap.
pub fn malloc_block(size: usize) -> u64 {
    (size + 8).next_multiple_of(16).max(32) as u64
}

/// Returns the chunk of a vector after so many single pushes of values of `value_bytes` each.
///
/// Source: `grow_amortized` in Rust's `alloc/src/raw_vec.rs`: from 4 on, twice as many each time.
pub fn vec_block(value_bytes: usize, values: u64) -> u64 {
    match usize::try_from(values) {
        Ok(0) | Err(_) => 0,
        Ok(values) => malloc_block(values.next_power_of_two().max(4) * value_bytes),
    }
}

/// Returns the chunk of a hash map after so many insertions of new keys, none removed.
///
/// Source: `capacity_to_buckets` and `calculate_layout_for` in hashbrown's `src/raw.rs`: a power of
/// two of buckets, seven in eight of them used at most, and a byte of control for each and 16 more.
pub fn map_block(entry_bytes: usize, entries: u64) -> u64 {
    let Ok(entries @ 1..) = usize::try_from(entries) else {
        return 0;
    };
    let buckets = match entries {
        1..4 => 4,
        4..8 => 8,
        _ => (entries * 8).div_ceil(7).next_power_of_two(),
    };
    malloc_block((buckets * entry_bytes).next_multiple_of(16) + buckets + 16)
}

#[cfg(test)]
mod tests {
    use super::{malloc_block, map_block, vec_block};

    #[test]
    fn malloc_takes_whole_chunks() {
        for (size, chunk) in [(1, 32), (24, 32), (25, 48), (300, 320), (1_000, 1_008)] {
            assert_eq!(malloc_block(size), chunk);
        }
    }

    #[test]
    fn containers_are_as_large_as_real_ones() {
        let mut vector = Vec::new();
        let mut map = std::collections::HashMap::new();
        for number in 1..100_000_u64 {
            vector.push([number; 3]);
            map.insert(number, [number; 3]);
            assert_eq!(vec_block(24, number), malloc_block(vector.capacity() * 24));
            let buckets = (map.capacity() * 8).div_ceil(7).next_power_of_two();
            let bytes = (buckets * 32).next_multiple_of(16) + buckets + 16;
            assert_eq!(map_block(32, number), malloc_block(bytes), "{number}");
        }
        assert_eq!(vec_block(24, 0) + map_block(32, 0), 0);
    }
}
