@NullMarked
package io.argosy.wire.batch;

import org.jspecify.annotations.NullMarked;
