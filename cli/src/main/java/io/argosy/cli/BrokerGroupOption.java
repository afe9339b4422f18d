package io.argosy.cli;

import io.argosy.client.ClusterDescription.Group;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which broker group a command is about; without the option, the only one there is. */
final class BrokerGroupOption {

    @Option(names = "--broker-group", paramLabel = "NAME", description = "Where, if there are several groups")
    private @Nullable String name;

    Group of(AdminClient admin) {
        return admin.group(Optional.ofNullable(name));
    }
}
