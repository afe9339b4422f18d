package io.argosy.namesrv.route;

import io.argosy.proto.v1.TopicRoute;
import java.util.List;

/** What happened to topics between two versions; for a topic changed several times only its last state. */
public record TopicChanges(long baseVersion, long version, List<TopicRoute> changed, List<String> deleted) {

    public TopicChanges {
        changed = List.copyOf(changed);
        deleted = List.copyOf(deleted);
        if (version < baseVersion) {
            throw new IllegalArgumentException("topics version " + version + " below its base " + baseVersion);
        }
    }
}
