package io.argosy.cli;

import io.argosy.raft.ReplicaId;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Ids of replicas; what no replica can have is a wrong command line, not a refusal by the cluster. */
final class ReplicaIdConverter implements ITypeConverter<Integer> {

    @Override
    public Integer convert(String text) {
        try {
            return new ReplicaId(Integer.parseInt(text)).value();
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException("'" + text + "' is not a replica id: 1 to " + ReplicaId.MAX);
        }
    }
}
