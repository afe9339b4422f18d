@NullMarked
package io.argosy.chaos;

import org.jspecify.annotations.NullMarked;
