package io.argosy.cli;

import io.argosy.raft.Member;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Priorities of replicas. */
final class PriorityConverter implements ITypeConverter<Integer> {

    @Override
    public Integer convert(String text) {
        try {
            int priority = Integer.parseInt(text);
            if (priority >= 0 && priority <= Member.PRIORITY_MAX) {
                return priority;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new TypeConversionException("'" + text + "' is not a priority: 0 to " + Member.PRIORITY_MAX);
    }
}
