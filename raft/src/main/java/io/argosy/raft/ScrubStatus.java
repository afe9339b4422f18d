package io.argosy.raft;

import java.util.List;

/**
 * How far the reading of all that lies at rest has got, and what it found since the process started.
 *
 * @param running a reading is under way
 * @param finished readings that came to their end
 * @param doneBytes of the one under way, or of the last one
 * @param totalBytes of the same
 * @param damaged places that were found to be damaged, by a reading or otherwise
 * @param repaired of these, what is whole again
 * @param open what is still damaged, for people
 */
public record ScrubStatus(
        boolean running,
        long finished,
        long doneBytes,
        long totalBytes,
        long damaged,
        long repaired,
        List<String> open) {

    public static final ScrubStatus NONE = new ScrubStatus(false, 0, 0, 0, 0, 0, List.of());

    public ScrubStatus {
        open = List.copyOf(open);
    }
}
