package io.argosy.client;

import io.argosy.proto.v2.FilterExpression;
import io.argosy.proto.v2.FilterType;

/** Which messages of a topic a consumer wants. */
public final class Filter {

    /** Everything. */
    public static final Filter ALL = new Filter(FilterType.TAG, "*");

    private final FilterType type;
    private final String expression;

    private Filter(FilterType type, String expression) {
        this.type = type;
        this.expression = expression;
    }

    /** Messages with one of these tags. */
    public static Filter tags(String first, String... others) {
        StringBuilder text = new StringBuilder(first);
        for (String other : others) {
            text.append(" || ").append(other);
        }
        return new Filter(FilterType.TAG, text.toString());
    }

    /** Messages whose properties satisfy an SQL92 condition. */
    public static Filter sql(String condition) {
        return new Filter(FilterType.SQL, condition);
    }

    FilterExpression toProto() {
        return FilterExpression.newBuilder()
                .setType(type)
                .setExpression(expression)
                .build();
    }

    @Override
    public String toString() {
        return expression;
    }
}
