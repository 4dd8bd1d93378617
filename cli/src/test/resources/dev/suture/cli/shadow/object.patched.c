#include "object.h"
#include <stdlib.h>
#include <suture/shadow.h>
#define USES 1

struct object *object_new(void)
{
    return calloc(1, sizeof(struct object));
}

void object_use(struct object *object)
{
    long *uses = suture_shadow_attach(object, USES, sizeof(*uses), 0);

    if (uses)
        __atomic_add_fetch(uses, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&object->value, 1, __ATOMIC_RELAXED);
}

long object_describe(const struct object *object)
{
    const long *uses = suture_shadow_find(object, USES);

    return uses ? *uses : 0;
}

void object_free(struct object *object)
{
    suture_shadow_free(object, USES);
    free(object);
}
