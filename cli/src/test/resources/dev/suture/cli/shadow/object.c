#include "object.h"
#include <stdlib.h>

struct object *object_new(void)
{
    return calloc(1, sizeof(struct object));
}

void object_use(struct object *object)
{
    __atomic_add_fetch(&object->value, 1, __ATOMIC_RELAXED);
}

long object_describe(const struct object *object)
{
    return -1;
}

void object_free(struct object *object)
{
    free(object);
}
